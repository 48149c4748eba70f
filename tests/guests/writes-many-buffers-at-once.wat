;; One fd_write with 100,000 buffers of 70,000 bytes each.
(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 32)
  (func (export "_start") (local $i i32)
    (loop $next
      (i32.store (local.get $i) (i32.const 0))
      (i32.store offset=4 (local.get $i) (i32.const 70000))
      (local.set $i (i32.add (local.get $i) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 800000))))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 100000) (i32.const 900000)))))

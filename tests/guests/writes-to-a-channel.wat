(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\10\00\00\00\c4\00\00\00")
  (data (i32.const 16) "{\"version\":1,\"message\":{\"text\":\"failed\",\"unfurl_links\":false,\"unfurl_media\":false,\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"plain_text\",\"text\":\"failed\"}}]},\"failure\":true,\"direct\":\"C0GENERAL1\"}\0a")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))

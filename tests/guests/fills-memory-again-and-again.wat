;; Each fill is one instruction, whatever its size.
(module (memory (export "memory") 200)
  (func (export "_start") (loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 13107200)) (br $again))))

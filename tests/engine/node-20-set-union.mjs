// The engine calls Set.prototype.union once. Node has it from version 22 on. Only the engine loads this file.
if (!Set.prototype.union) {
  Object.defineProperty(Set.prototype, 'union', {
    value(other) {
      return new Set([...this, ...other.keys()]);
    },
    writable: true,
    configurable: true,
  });
}

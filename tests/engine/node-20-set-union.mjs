// The engine calls Set.prototype.union once, which Node has from 22 on. This touches the engine only.
if (!Set.prototype.union) {
  Object.defineProperty(Set.prototype, 'union', {
    value(other) {
      return new Set([...this, ...other.keys()]);
    },
    writable: true,
    configurable: true,
  });
}

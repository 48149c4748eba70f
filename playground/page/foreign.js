// Runs a team's own module in a worker that ends after a second. The module may loop, or ask for what no module gets.

// The functions of the notifier's sandbox, and no others.
const ALLOWED = ["args_get", "args_sizes_get", "environ_get", "environ_sizes_get", "fd_read", "fd_write", "proc_exit", "random_get"];
const TIME = 1000;

/** Compiles a module. Throws an error that names what the sandbox would refuse. */
export async function compile(bytes) {
  if (bytes.byteLength > 4 << 20) throw new Error("the file has more than 4 MiB, which is what a module may have");
  let module;
  try {
    module = await WebAssembly.compile(bytes);
  } catch (error) {
    throw new Error(`it is no WebAssembly module: ${error.message}`);
  }
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from !== "wasi_snapshot_preview1" || kind !== "function" || !ALLOWED.includes(name)) {
      throw new Error(`it imports ${from}::${name}, which the sandbox does not give`);
    }
  }
  if (!WebAssembly.Module.exports(module).some((it) => it.name === "_start" && it.kind === "function")) {
    throw new Error("it exports no function `_start`: build it as a WASI command");
  }
  return module;
}

/** Runs a module once with a context on stdin, and returns its stdout. */
export function run(module, context) {
  const worker = new Worker("worker.js", { type: "module" });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("it ran longer than a module may")), TIME);
    worker.onmessage = ({ data }) => {
      clearTimeout(timer);
      if (data.fault) reject(new Error(data.fault));
      else resolve(data.output);
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage({ module, context });
  }).finally(() => worker.terminate());
}

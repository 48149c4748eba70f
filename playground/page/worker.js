// Runs a team's own module once, with stdin, stdout and stderr, and nothing else.
import { ConsoleStdout, File, OpenFile, WASI } from "./browser_wasi_shim/index.js";

const MAX_OUTPUT = 64 << 10;

onmessage = async ({ data: { module, context } }) => {
  const written = [[], []];
  const pipe = (chunks, max) =>
    new ConsoleStdout((chunk) => {
      if (chunks.reduce((sum, it) => sum + it.length, chunk.length) > max) throw new Error(`it wrote more than ${max} bytes`);
      chunks.push(chunk.slice());
    });
  try {
    const stdin = new OpenFile(new File(new TextEncoder().encode(context)));
    const wasi = new WASI([], [], [stdin, pipe(written[0], MAX_OUTPUT), pipe(written[1], MAX_OUTPUT)], { debug: false });
    const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport });
    const status = wasi.start(instance);
    if (status !== 0) throw new Error(`it ended with exit status ${status}, saying: ${text(written[1]).trim().slice(0, 200)}`);
    postMessage({ output: text(written[0]) });
  } catch (error) {
    postMessage({ fault: error.message });
  }
};

function text(chunks) {
  const bytes = new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
  return new TextDecoder().decode(bytes);
}

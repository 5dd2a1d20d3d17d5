// Times ONNX Runtime for `isotrace bench`. Started as: node -e SCRIPT MODULES THREADS
// Reads one request per line, answers with one line. `load PATH SEED` loads a model and fills its
// inputs with pseudo-random numbers; `run` runs it once and prints the nanoseconds that took: of
// this process's computing with one thread, else by the clock on the wall; `measure` prints both, in
// this order; `peak` prints the most bytes that were in memory, less those before a model was loaded;
// `mean` prints the mean magnitude of the first output; `version` says what runs.
'use strict';
const [modules, threads] = process.argv.slice(1);
const ort = require(modules + '/onnxruntime-node');
const { version } = require(modules + '/onnxruntime-node/package.json');

const arrays = {
  float32: Float32Array, int32: Int32Array, int8: Int8Array, uint8: Uint8Array, int64: BigInt64Array,
};
const peak = () => 1024 * Number(require('fs').readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s+(\d+)/)[1]);
let session, feeds, outputs, base;

function fill({ type, shape: declared }, seed) {
  const shape = declared.map((size) => (size >= 0 ? size : 1));  // a name or -1 stands for any size
  const data = new arrays[type](shape.reduce((a, b) => a * b, 1));
  let state = seed >>> 0;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = type === 'float32' ? state / 4294967296 - 0.5
      : type === 'int64' ? 0n : (state >>> 24) & 127;
  }
  return new ort.Tensor(type, data, shape);
}

async function load(path, seed) {
  base = peak();
  session = await ort.InferenceSession.create(path, {
    intraOpNumThreads: Number(threads), interOpNumThreads: 1, executionProviders: ['cpu'],
  });
  feeds = {};
  for (const input of session.inputMetadata) feeds[input.name] = fill(input, Number(seed));
  return 'ok';
}

async function measure() {
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  outputs = await session.run(feeds);
  const clock = Number(process.hrtime.bigint() - start);
  const used = process.cpuUsage(before);
  return [(used.user + used.system) * 1000, clock];
}

function mean() {
  const { data } = outputs[session.outputNames[0]];
  return data.reduce((sum, x) => sum + Math.abs(x), 0) / data.length;
}

async function answer(line) {
  const [word, ...rest] = line.split(' ');
  switch (word) {
    case 'load': return load(...rest);
    case 'run': return (await measure())[threads === '1' ? 0 : 1];
    case 'measure': return (await measure()).join(' ');
    case 'peak': return peak() - base;
    case 'mean': return mean();
    default: return version;
  }
}

(async () => {
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    const text = await answer(line).catch((error) => 'error ' + String(error.message).split('\n')[0]);
    process.stdout.write(text + '\n');
  }
})();

// Times ONNX Runtime for `isotrace bench`. Started as: node -e SCRIPT MODULES THREADS
// Reads one request per line, answers with one line. `load PATH SEED` loads a model and fills its
// inputs with pseudo-random numbers; `run` runs it once and prints the nanoseconds that took: of
// this process's computing with one thread, else by the clock on the wall; `version` says what runs.
'use strict';
const [modules, threads] = process.argv.slice(1);
const ort = require(modules + '/onnxruntime-node');
const { version } = require(modules + '/onnxruntime-node/package.json');

const arrays = {
  float32: Float32Array, int32: Int32Array, int8: Int8Array, uint8: Uint8Array, int64: BigInt64Array,
};
let session, feeds;

function fill({ type, shape }, seed) {
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
  session = await ort.InferenceSession.create(path, {
    intraOpNumThreads: Number(threads), interOpNumThreads: 1, executionProviders: ['cpu'],
  });
  feeds = {};
  for (const input of session.inputMetadata) feeds[input.name] = fill(input, Number(seed));
  return 'ok';
}

async function run() {
  if (threads === '1') {
    const before = process.cpuUsage();
    await session.run(feeds);
    const used = process.cpuUsage(before);
    return (used.user + used.system) * 1000;
  }
  const start = process.hrtime.bigint();
  await session.run(feeds);
  return Number(process.hrtime.bigint() - start);
}

async function answer(line) {
  const [word, ...rest] = line.split(' ');
  if (word === 'load') return load(...rest);
  return word === 'run' ? run() : version;
}

(async () => {
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    const text = await answer(line).catch((error) => 'error ' + String(error.message).split('\n')[0]);
    process.stdout.write(text + '\n');
  }
})();

// ONNX Runtime as a peer of models_benchmark: loads a model, then answers one line per command on standard input.
// usage: node onnxruntime_peer.mjs NODE_MODULES MODEL THREADS
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [modules, path, threads] = process.argv.slice(2);
const ort = createRequire(`${modules}/peer.js`)('onnxruntime-node');

const peakKilobytes = () => Number(readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s+(\d+)/)[1]);

// The operands of models_benchmark.cpp: element i of a float is (7919 i mod 1000) / 1000, of an integer i mod 2.
const operandOf = ({ type, shape }) => {
  const count = shape.reduce((a, b) => a * b, 1);
  if (type === 'int64') return new ort.Tensor(type, BigInt64Array.from({ length: count }, (_, i) => BigInt(i % 2)), shape);
  return new ort.Tensor(type, Float32Array.from({ length: count }, (_, i) => ((7919 * i) % 1000) / 1000), shape);
};

const base = peakKilobytes();
const session = await ort.InferenceSession.create(path, {
  intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: 'all' });
const feeds = Object.fromEntries(session.inputMetadata.map((input) => [input.name, operandOf(input)]));
let outputs = {};
console.log('ready');

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'run') {
    const cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    outputs = await session.run(feeds);
    const wall = Number(process.hrtime.bigint() - start) / 1e6;
    const used = process.cpuUsage(cpu);
    console.log(`${wall} ${(used.user + used.system) / 1e3}`);
  } else {
    // Node's own memory is not the peer's.
    const first = outputs[session.outputNames[0]].data;
    const mean = first.reduce((sum, x) => sum + Math.abs(x), 0) / first.length;
    console.log(`${peakKilobytes() - base} ${mean}`);
    break;
  }
}
process.exit(0);

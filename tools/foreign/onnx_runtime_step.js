// Executes single-node models for `isotrace compare --against ort`. Started as: node -e SCRIPT MODULES
// Reads one request per line, answers with one line of JSON. `version` says what runs. Any other line
// is {"model": PATH, "inputs": [{"name", "type", "dims", "file"}], "outputs": [{"name", "file"}]}: the
// bytes of every output are written to its file, and the answer has their types and dimensions.
'use strict';
const [modules] = process.argv.slice(1);
const fs = require('fs');
const ort = require(modules + '/onnxruntime-node');
const { version } = require(modules + '/onnxruntime-node/package.json');

const arrays = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, int8: Int8Array, uint8: Uint8Array,
  int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array,
  uint64: BigUint64Array, bool: Uint8Array,
};

function read({ type, dims, file }) {
  const bytes = fs.readFileSync(file);
  const own = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);  // aligned
  return new ort.Tensor(type, new arrays[type](own), dims);
}

async function run({ model, inputs, outputs }) {
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: 1, interOpNumThreads: 1, executionProviders: ['cpu'], logSeverityLevel: 4,
  });
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, read(input)]));
  const results = await session.run(feeds, outputs.map(({ name }) => name));
  const found = outputs.map(({ name, file }) => {
    const { type, dims, data } = results[name];
    fs.writeFileSync(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { type, dims };
  });
  await session.release();
  return { outputs: found };
}

(async () => {
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    const answer = line === 'version' ? { version }
      : await run(JSON.parse(line)).catch((error) => ({ error: String(error.message) }));
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
})();

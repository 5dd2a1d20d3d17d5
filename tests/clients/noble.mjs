// Asks pure JavaScript arithmetic about a signature.
// usage: node noble.mjs NODE_MODULES ENGINE KEY_HEX MESSAGE_FILE SIGNATURE_FILE; ENGINE: noble, tweetnacl,
// noble-p256 (KEY_HEX: uncompressed point; the signature is DER). Exit 0: accepted, 1: refused.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, engine, keyHex, messagePath, signaturePath] = process.argv.slice(2);
const folder = path.resolve(modules);
const bytes = (file) => new Uint8Array(fs.readFileSync(file));
const key = new Uint8Array(Buffer.from(keyHex, 'hex'));
const load = (file) => import(pathToFileURL(path.join(folder, file)));

async function verify() {
  if (engine === 'tweetnacl') {
    const nacl = createRequire(path.join(folder, 'x.js'))('tweetnacl');
    return nacl.sign.detached.verify(bytes(messagePath), bytes(signaturePath), key);
  }
  if (engine === 'noble') {
    const { ed25519 } = await load('@noble/curves/ed25519.js');
    return ed25519.verify(bytes(signaturePath), bytes(messagePath), key, { zip215: false });
  }
  const { p256 } = await load('@noble/curves/nist.js');
  return p256.verify(bytes(signaturePath), bytes(messagePath), key, { format: 'der', prehash: true, lowS: true });
}

let good = false;
try {
  good = await verify();
} catch (error) {
  console.log(error.message);
}
console.log(good ? 'accepted' : 'refused');
process.exit(good ? 0 : 1);

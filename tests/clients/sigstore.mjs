// Asks the unmodified npm packages @sigstore/bundle and @sigstore/verify about a certificate, offline.
// usage: node sigstore.mjs NODE_MODULES BUNDLE KEY.pem [LOG.pem ORIGIN TSA_CERTIFICATE.pem TSA_ROOT.pem]
// With a log and an authority both are demanded (thresholds 1). Exit 0: accepted, 1: refused.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [modules, bundlePath, keyPath, logPath, origin, authorityPath, rootPath] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), 'x.js'));
const { bundleFromJSON } = require('@sigstore/bundle');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');
const { TrustedRoot } = require('@sigstore/protobuf-specs');

const spkiOf = (file) =>
  crypto.createPublicKey(fs.readFileSync(file)).export({ type: 'spki', format: 'der' });
const x509Of = (file) => ({ rawBytes: new crypto.X509Certificate(fs.readFileSync(file)).raw.toString('base64') });
const start = '2020-01-01T00:00:00Z';

function logOf(file) {
  const spki = spkiOf(file);
  const raw = spki.subarray(12);
  const id = crypto.createHash('sha256').update(origin).update('\n\x01').update(raw).digest('base64');
  return {
    baseUrl: 'https://' + origin,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: spki.toString('base64'), keyDetails: 'PKIX_ED25519', validFor: { start } },
    logId: { keyId: id },
  };
}

const root = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: logPath ? [logOf(logPath)] : [],
  certificateAuthorities: [],
  ctlogs: [],
  timestampAuthorities: authorityPath
    ? [{
        subject: { organization: 'test', commonName: 'test' },
        certChain: { certificates: [x509Of(authorityPath), x509Of(rootPath)] },
        validFor: { start },
      }]
    : [],
};

try {
  const spki = spkiOf(keyPath);
  const hint = crypto.createHash('sha256').update(spki).digest('hex');
  const validFor = { start: new Date(start), end: new Date('2099-01-01') };
  const material = toTrustMaterial(TrustedRoot.fromJSON(root), { [hint]: { rawBytes: spki, validFor } });
  const thresholds = { tlogThreshold: logPath ? 1 : 0, ctlogThreshold: 0, timestampThreshold: authorityPath ? 1 : 0 };
  const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(bundlePath, 'utf8')));
  new Verifier(material, thresholds).verify(toSignedEntity(bundle));
  console.log('accepted');
} catch (error) {
  console.log('refused: ' + error.message);
  process.exit(1);
}

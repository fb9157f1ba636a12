/**
 * Messages as bytes and back, in which every array buffer is a buffer of its own.
 *
 * `v8.serialize` writes typed arrays as pieces of the message, and `v8.deserialize` makes views of
 * one buffer of them. What it is made of gives each its buffer, and keeps those that share one.
 */

let loaded: typeof import('node:v8') | null = null;

/** `node:v8`, when it is needed: it brings Node's streams along, which take a worker 2 ms. */
function v8(): typeof import('node:v8') {
  loaded ??= process.getBuiltinModule('node:v8');
  return loaded;
}

/** Structured clone, as far as bytes carry it. */
export function serialize(value: unknown): Buffer {
  const serializer = new (v8().Serializer)();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** What {@link serialize} made bytes of. Nothing in it is on these bytes. */
export function deserialize(bytes: Uint8Array): unknown {
  const deserializer = new (v8().Deserializer)(bytes as Buffer);
  deserializer.readHeader();
  return deserializer.readValue();
}

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createFieldEncryption } from '../src/crypto/field-encryption.ts';

const FIELD = { table: 'accounts', column: 'secret', row: 'a' };
const VALUE = Uint8Array.from(Buffer.from('twenty bytes of text'));

const newKey = (): Uint8Array => new Uint8Array(randomBytes(32));

const partsOf = (stored: string): string[] => stored.split('.');

describe('field encryption', () => {
  it('a value is read back from its own field, and the stored text does not contain it', () => {
    const encryption = createFieldEncryption([newKey()]);
    const stored = encryption.encrypt(VALUE, FIELD);
    assert.deepEqual(encryption.decrypt(stored, FIELD), VALUE);
    const sealed = Buffer.from(partsOf(stored)[3] ?? '', 'base64url');
    assert.ok(!sealed.includes(Buffer.from(VALUE)));
    assert.ok(!stored.includes(Buffer.from(VALUE).toString('base64url').slice(0, 12)));
  });

  it('a value that is copied to another row, column or table is refused', () => {
    const encryption = createFieldEncryption([newKey()]);
    const stored = encryption.encrypt(VALUE, FIELD);
    const others = [{ row: 'b' }, { column: 'other' }, { table: 'other' }, { table: 'account', column: 's.secret' }];
    for (const other of others) assert.throws(() => encryption.decrypt(stored, { ...FIELD, ...other }), JSON.stringify(other));
  });

  it('fields whose names run together to the same text are different fields', () => {
    const encryption = createFieldEncryption([newKey()]);
    const stored = encryption.encrypt(VALUE, { table: 'ab', column: 'c', row: 'd' });
    assert.throws(() => encryption.decrypt(stored, { table: 'a', column: 'bc', row: 'd' }));
  });

  it('swapped values of two rows are both refused', () => {
    const encryption = createFieldEncryption([newKey()]);
    const [one, other] = ['a', 'b'].map((row) => encryption.encrypt(VALUE, { ...FIELD, row }));
    assert.throws(() => encryption.decrypt(other ?? '', { ...FIELD, row: 'a' }));
    assert.throws(() => encryption.decrypt(one ?? '', { ...FIELD, row: 'b' }));
  });

  it('a value with one changed bit is refused, wherever the bit is', () => {
    const encryption = createFieldEncryption([newKey()]);
    const [format, key, iv = '', sealed = ''] = partsOf(encryption.encrypt(VALUE, FIELD));
    const flipped = (text: string, at: number): string => {
      const bytes = Buffer.from(text, 'base64url');
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return bytes.toString('base64url');
    };
    for (let at = 0; at < VALUE.length + 16; at += 1)
      assert.throws(() => encryption.decrypt([format, key, iv, flipped(sealed, at)].join('.'), FIELD), `byte ${at}`);
    assert.throws(() => encryption.decrypt([format, key, flipped(iv, 0), sealed].join('.'), FIELD));
  });

  it('the tag has 16 bytes, and a value without the end or the whole of it is refused', () => {
    const encryption = createFieldEncryption([newKey()]);
    const [format, key, iv, sealed = ''] = partsOf(encryption.encrypt(VALUE, FIELD));
    const bytes = Buffer.from(sealed, 'base64url');
    assert.equal(bytes.length, VALUE.length + 16);
    for (let length = 0; length < bytes.length; length += 1) {
      const shorter = [format, key, iv, bytes.subarray(0, length).toString('base64url')].join('.');
      assert.throws(() => encryption.decrypt(shorter, FIELD), `${length} bytes`);
    }
  });

  it('equal values get different texts, each with an IV of its own', () => {
    const encryption = createFieldEncryption([newKey()]);
    const ivs = Array.from({ length: 1000 }, () => partsOf(encryption.encrypt(VALUE, FIELD))[2]);
    assert.equal(new Set(ivs).size, 1000);
  });

  it('a value of an unknown key or format is refused, and the error does not contain it', () => {
    const stored = createFieldEncryption([newKey()]).encrypt(VALUE, FIELD);
    const encryption = createFieldEncryption([newKey()]);
    const own = partsOf(encryption.encrypt(VALUE, FIELD));
    const relabelled = [own[0], own[1], ...partsOf(stored).slice(2)].join('.');
    for (const text of [stored, relabelled, '', 'plain', `2.${stored.slice(2)}`]) {
      assert.throws(
        () => encryption.decrypt(text, FIELD),
        (error: Error) => text === '' || !error.message.includes(text),
      );
    }
  });

  it('after a rotation old values are read with the previous key, and new ones are encrypted with the present one', () => {
    const [old, present] = [newKey(), newKey()];
    const before = createFieldEncryption([old]);
    const after = createFieldEncryption([present, old]);
    const [stored, renewed] = [before.encrypt(VALUE, FIELD), after.encrypt(VALUE, FIELD)];
    assert.deepEqual(after.decrypt(stored, FIELD), VALUE);
    assert.ok(stored.startsWith(before.presentPrefix) && !stored.startsWith(after.presentPrefix));
    assert.ok(renewed.startsWith(after.presentPrefix));
    assert.throws(() => before.decrypt(renewed, FIELD));
    assert.deepEqual(createFieldEncryption([present]).decrypt(renewed, FIELD), VALUE);
  });

  it('a changed key id selects no other key', () => {
    const [old, present] = [newKey(), newKey()];
    const encryption = createFieldEncryption([present, old]);
    const stored = createFieldEncryption([old]).encrypt(VALUE, FIELD);
    const relabelled = encryption.presentPrefix + partsOf(stored).slice(2).join('.');
    assert.throws(() => encryption.decrypt(relabelled, FIELD));
  });
});

#!/usr/bin/env python3
"""Checks what `cordon ledger prove SEQUENCE` printed, without cordon and with nothing but Python.

    verify_proof.py [--key FILE] PROOF.json

It says that the record was in the ledger whose public key this is when the checkpoint was signed. FILE has the
public key as the ledger's file key.pub has it; keep a copy where who can change the ledger cannot change it. Without
it, the key in the proof is taken, and the proof says only that its parts belong together.

Exit status: 0 proved, 1 not, 2 this is no proof.
"""
import base64
import hashlib
import json
import sys

# ed25519 (RFC 8032, 5.1). Verifying handles no secret, so it need not take the same time for every key.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def point_add(a, b):
    """Extended coordinates, RFC 8032, 5.1.4."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    w, x, y, z = f - e, h - g, h + g, f + e
    return (w * x % P, y * z % P, x * y % P, w * z % P)


def point_multiply(n, point):
    result = (0, 1, 1, 0)
    while n > 0:
        if n & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        n >>= 1
    return result


def point_equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_decode(data):
    """The point that 32 bytes stand for, or None. RFC 8032, 5.1.3."""
    y = int.from_bytes(data, 'little')
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT % P
    if (x * x - square) % P != 0 or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, 'little'))


def is_signed(key, message, signature):
    a, r = point_decode(key), point_decode(signature[:32])
    s = int.from_bytes(signature[32:], 'little')
    if len(signature) != 64 or a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), 'little') % L
    return point_equal(point_multiply(s, BASE), point_add(r, point_multiply(h, a)))


def root_of(index, size, leaf, path):
    """The root of a tree of size leaves that has leaf at index, or None. RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return None
    last, node = size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            node = hashlib.sha256(b'\1' + sibling + node).digest()
            while index & 1 == 0 and index != 0:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b'\1' + node + sibling).digest()
        index, last = index >> 1, last >> 1
    return node if last == 0 else None


def check(proof, public):
    """None when the proof holds, else what is wrong."""
    name, hint, blob = public.strip().split('+', 2)
    blob = base64.b64decode(blob, validate=True)
    known = hashlib.sha256(name.encode() + b'\n' + blob).digest()[:4]
    if len(blob) != 33 or blob[0] != 1 or known.hex() != hint:
        return 'the public key is none'
    text, _, signatures = proof['checkpoint'].partition('\n\n')
    text += '\n'
    lines = text.split('\n')
    if lines[0] != name:
        return f'the checkpoint is of {lines[0]}, and the key of {name}'
    if int(lines[1]) != proof['treeSize']:
        return 'the checkpoint is of another size'
    good = False
    for line in signatures.splitlines():
        dash, signer, signature = line.split(' ')
        signature = base64.b64decode(signature, validate=True)
        if dash == '\u2014' and signer == name and signature[:4] == known:
            good = good or is_signed(blob[1:], text.encode(), signature[4:])
    if not good:
        return 'the checkpoint is not signed with this key'
    leaf = hashlib.sha256(b'\0' + proof['payload'].encode()).digest()
    path = [base64.b64decode(node, validate=True) for node in proof['path']]
    if root_of(proof['index'], proof['treeSize'], leaf, path) != base64.b64decode(lines[2], validate=True):
        return 'the record is not in the tree that was signed'
    return None


def main(arguments):
    key_file = arguments[1] if len(arguments) == 3 and arguments[0] == '--key' else None
    if len(arguments) != (1 if key_file is None else 3):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(arguments[-1], encoding='utf-8') as file:
            proof = json.load(file)
        public = proof['publicKey'] if key_file is None else open(key_file, encoding='utf-8').read()
        wrong = check(proof, public)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        print(f'this is no proof: {error!r}', file=sys.stderr)
        return 2
    print(f'record {proof["index"]} of {public.split("+")[0]}: {wrong or "proved"}')
    return 0 if wrong is None else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

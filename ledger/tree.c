/* The tree of RFC 6962, 2.1, kept as the roots of its full subtrees. calls: none */
#include <cordon/ledger_format.h>

#include <string.h>

static int
join(const uint8_t left[CORDON_DIGEST_SIZE], const uint8_t right[CORDON_DIGEST_SIZE],
	uint8_t out[CORDON_DIGEST_SIZE])
{
	/* 0x01 apart from the 0x00 of leaves: no payload looks like an inner node. */
	const struct cordon_digest_part parts[] = { { "\1", 1 }, { left, CORDON_DIGEST_SIZE },
		{ right, CORDON_DIGEST_SIZE } };

	return cordon_digest_parts(parts, 3, out);
}

int
cordon_ledger_leaf(const void *payload, size_t size, uint8_t out[CORDON_DIGEST_SIZE])
{
	const struct cordon_digest_part parts[] = { { "\0", 1 }, { payload, size } };

	return cordon_digest_parts(parts, 2, out);
}

static void
put_sibling(struct cordon_ledger_proof *proof, const uint8_t node[CORDON_DIGEST_SIZE])
{
	memcpy(proof->path[proof->count++], node, CORDON_DIGEST_SIZE);
}

int
cordon_ledger_tree_add(struct cordon_ledger_tree *tree, const uint8_t leaf[CORDON_DIGEST_SIZE],
	struct cordon_ledger_proof *proof)
{
	const uint64_t size = tree->size;
	uint8_t node[CORDON_DIGEST_SIZE];
	int level = 0;

	memcpy(node, leaf, sizeof(node));
	for (; level < CORDON_LEDGER_LEVELS - 1 && (size >> level & 1) != 0; level++) {
		/* At this level, the subtrees are numbered from the left: node is number size >> level. */
		const uint64_t own = size >> level;

		if (proof != NULL && proof->index >> level == own)
			put_sibling(proof, tree->nodes[level]);
		else if (proof != NULL && proof->index >> level == own - 1)
			put_sibling(proof, node);
		if (join(tree->nodes[level], node, node) < 0)
			return -1;
	}
	for (int k = 0; k < level; k++)
		memset(tree->nodes[k], 0, CORDON_DIGEST_SIZE);
	memcpy(tree->nodes[level], node, sizeof(node));
	tree->size = size + 1;
	return 0;
}

int
cordon_ledger_tree_root(const struct cordon_ledger_tree *tree, struct cordon_ledger_proof *proof,
	uint8_t out[CORDON_DIGEST_SIZE])
{
	uint8_t node[CORDON_DIGEST_SIZE];
	int level = 0;

	if (tree->size == 0)
		return cordon_digest_parts(NULL, 0, out);
	while ((tree->size >> level & 1) == 0)
		level++;
	memcpy(node, tree->nodes[level], sizeof(node));
	while (++level < CORDON_LEDGER_LEVELS) {
		if ((tree->size >> level & 1) == 0)
			continue;
		/* The full subtree is the last one of its level; node is all that is right of it. */
		if (proof != NULL && proof->index >> level == (tree->size >> level) - 1)
			put_sibling(proof, node);
		else if (proof != NULL && proof->index >> level == tree->size >> level)
			put_sibling(proof, tree->nodes[level]);
		if (join(tree->nodes[level], node, node) < 0)
			return -1;
	}
	memcpy(out, node, sizeof(node));
	return 0;
}

/* RFC 9162, 2.1.3.2, by its names: fn is the node's number in its level, sn that of the last one. */
int
cordon_ledger_proof_root(const struct cordon_ledger_proof *proof, uint64_t size,
	const uint8_t leaf[CORDON_DIGEST_SIZE], uint8_t out[CORDON_DIGEST_SIZE])
{
	uint64_t fn = proof->index, sn = size - 1;
	uint8_t r[CORDON_DIGEST_SIZE];

	if (fn >= size || proof->count > CORDON_LEDGER_LEVELS)
		return -1;
	memcpy(r, leaf, sizeof(r));
	for (size_t i = 0; i < proof->count; i++) {
		if (sn == 0)
			return -1;
		if ((fn & 1) != 0 || fn == sn) {
			if (join(proof->path[i], r, r) < 0)
				return -1;
			for (; (fn & 1) == 0 && fn != 0; fn >>= 1)
				sn >>= 1;
		} else if (join(r, proof->path[i], r) < 0) {
			return -1;
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0)
		return -1;
	memcpy(out, r, sizeof(r));
	return 0;
}

/* The page that a segment begins with.
 *
 *	   0  "cordonLG"
 *	   8  u32 format, u32 index of the segment
 *	  16  u64 sequence of the first record, u64 tree size before it (the same number)
 *	  32  chain value before it
 *	  64  64 nodes of 32 bytes: the tree's roots of full subtrees, that of 2^k leaves at 64 + 32 k; zeroes
 *	      where there is none
 *	2112  zeroes
 *	4092  u32 CRC-32C of all before
 *
 * The tree is there so that a start need only read the last segment. That it is the one that the segments
 * before lead to is what verifies compares.
 *
 * calls: none */
#include <cordon/ledger_format.h>

#include "bytes.h"

#define MAGIC     "cordonLG"
#define AT_FORMAT 8
#define AT_INDEX  12
#define AT_FIRST  16
#define AT_SIZE   24
#define AT_CHAIN  32
#define AT_NODES  64
#define AT_ZEROES (AT_NODES + CORDON_LEDGER_LEVELS * CORDON_DIGEST_SIZE)
#define AT_CRC    (CORDON_LEDGER_PAGE - 4)

void
cordon_ledger_segment_encode(
	uint32_t index, const struct cordon_ledger_state *state, uint8_t out[CORDON_LEDGER_PAGE])
{
	memset(out, 0, CORDON_LEDGER_PAGE);
	memcpy(out, MAGIC, 8);
	put_le32(out + AT_FORMAT, CORDON_LEDGER_FORMAT);
	put_le32(out + AT_INDEX, index);
	put_le64(out + AT_FIRST, state->tree.size);
	put_le64(out + AT_SIZE, state->tree.size);
	memcpy(out + AT_CHAIN, state->chain, CORDON_DIGEST_SIZE);
	for (int k = 0; k < CORDON_LEDGER_LEVELS; k++)
		if ((state->tree.size >> k & 1) != 0)
			memcpy(out + AT_NODES + k * CORDON_DIGEST_SIZE, state->tree.nodes[k],
				CORDON_DIGEST_SIZE);
	put_le32(out + AT_CRC, cordon_ledger_crc(0, out, AT_CRC));
}

int
cordon_ledger_segment_decode(const void *data, size_t size, uint32_t *ret_index,
	struct cordon_ledger_state *ret_state, struct cordon_error *err)
{
	const uint8_t *at = data;
	struct cordon_ledger_state state;

	if (size < CORDON_LEDGER_PAGE)
		return cordon_fail(err, CORDON_EPEER, 0,
			"its header is cut: %zu bytes are there of %u", size, CORDON_LEDGER_PAGE);
	if (memcmp(at, MAGIC, 8) != 0)
		return cordon_fail(err, CORDON_EPEER, 0, "it does not begin as a segment does");
	if (get_le32(at + AT_CRC) != cordon_ledger_crc(0, at, AT_CRC))
		return cordon_fail(err, CORDON_EPEER, 0, "the CRC of its header is wrong");
	if (get_le32(at + AT_FORMAT) != CORDON_LEDGER_FORMAT)
		return cordon_fail(err, CORDON_ENOSUPPORT, 0,
			"it has format %u, and this cordon knows format %u; use the cordon that "
			"wrote it",
			get_le32(at + AT_FORMAT), CORDON_LEDGER_FORMAT);
	state.tree.size = get_le64(at + AT_SIZE);
	memcpy(state.chain, at + AT_CHAIN, CORDON_DIGEST_SIZE);
	memcpy(state.tree.nodes, at + AT_NODES, sizeof(state.tree.nodes));
	if (get_le64(at + AT_FIRST) != state.tree.size ||
		!all_zero(at + AT_ZEROES, AT_CRC - AT_ZEROES))
		return cordon_fail(err, CORDON_EPEER, 0, "its header contradicts itself");
	for (int k = 0; k < CORDON_LEDGER_LEVELS; k++)
		if ((state.tree.size >> k & 1) == 0 &&
			!all_zero(state.tree.nodes[k], CORDON_DIGEST_SIZE))
			return cordon_fail(err, CORDON_EPEER, 0, "its header contradicts itself");
	*ret_index = get_le32(at + AT_INDEX);
	*ret_state = state;
	return 0;
}

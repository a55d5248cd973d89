#include "audit_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <cordon/fd.h>
#include <cordon/json.h>
#include <cordon/ledger_format.h>
#include <cordon/ledger_read.h>

/* What was found by the ledger's own checkpoints, and by the witness's. */
struct verified {
	struct cordon_ledger_report own;
	int has_witness;
	struct cordon_ledger_report witness;
};

static void
print_json(const struct verified *v)
{
	const struct cordon_ledger_report *r = &v->own;
	struct cordon_json *j = cordon_json_create(CORDON_LEDGER_PAGE);

	if (j == NULL)
		return;
	cordon_json_object(j, NULL);
	cordon_json_bool(j, "intact", !r->damaged);
	cordon_json_u64(j, "records", r->records);
	cordon_json_u64(j, "segments", r->segments);
	cordon_json_u64(j, "checkpoints", r->checkpoints);
	cordon_json_u64(j, "covered", r->covered);
	if (v->has_witness)
		cordon_json_u64(j, "witnessed", v->witness.covered);
	else
		cordon_json_null(j, "witnessed");
	cordon_json_u64(j, "bytes", r->bytes);
	cordon_json_u64(j, "openIntents", r->open_intents);
	cordon_json_bool(j, "tornTail", r->torn);
	if (r->damaged)
		cordon_json_u64(j, "firstBad", r->first_bad);
	else
		cordon_json_null(j, "firstBad");
	cordon_json_string(j, "why", r->why[0] == '\0' ? NULL : r->why);
	cordon_json_end(j);
	if (cordon_json_text(j, NULL) != NULL)
		puts(cordon_json_text(j, NULL));
	cordon_json_destroy(j);
}

/* What is no damage, and worth knowing. */
static void
note_rest(const struct cordon_ledger_report *r)
{
	if (r->open_intents > 0)
		fprintf(stderr,
			"cordon: %" PRIu64
			" runs have begun and not ended, the first by record %" PRIu64 "\n",
			r->open_intents, r->first_open);
	if (r->torn)
		fprintf(stderr,
			"cordon: behind the last record is a torn tail, which was never "
			"acknowledged: %s\n",
			r->why);
	if (r->torn_note)
		fputs("cordon: the last checkpoint was not written to its end\n", stderr);
	if (r->records > r->covered)
		fprintf(stderr, "cordon: no checkpoint covers the last %" PRIu64 " records\n",
			r->records - r->covered);
}

/* The file only grows and is looked at once; that of a witness may be anywhere. */
static int
verify_by(int directory, const uint8_t key[CORDON_SIGN_PUBLIC], const char *witness,
	struct verified *v, struct cordon_error *err)
{
	CORDON_CLOSE int file = -1;

	if (cordon_ledger_verify(directory, -1, key, &v->own, err) < 0)
		return -1;
	if (witness == NULL || v->own.damaged)
		return 0;
	file = open(witness, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (file < 0)
		return cordon_fail(
			err, CORDON_EINPUT, errno, "could not open the witness '%s'", witness);
	if (cordon_ledger_verify(directory, file, key, &v->witness, err) < 0)
		return cordon_while(err, "by the witness '%s'", witness);
	v->has_witness = 1;
	if (v->witness.damaged) {
		v->own.damaged = 1;
		v->own.first_bad = v->witness.first_bad;
		snprintf(v->own.why, sizeof(v->own.why), "by its witness: %.380s", v->witness.why);
	}
	return 0;
}

int
audit_verify(int directory, const uint8_t key[CORDON_SIGN_PUBLIC], const char *witness, int json,
	struct cordon_error *err)
{
	struct verified v = { .has_witness = 0 };
	const struct cordon_ledger_report *r = &v.own;

	if (verify_by(directory, key, witness, &v, err) < 0)
		return -1;
	if (json)
		print_json(&v);
	if (r->damaged) {
		fprintf(stderr,
			"cordon: the ledger is damaged or was altered at record %" PRIu64 ": %s\n",
			r->first_bad, r->why);
		return EXIT_DAMAGED;
	}
	note_rest(r);
	if (json)
		return 0;
	printf("intact: %" PRIu64 " records in %" PRIu64 " segments, %" PRIu64 " checkpoints; ",
		r->records, r->segments, r->checkpoints);
	if (v.has_witness)
		printf("%" PRIu64 " of them by the witness, too\n", v.witness.covered);
	else
		puts("no witness");
	return 0;
}

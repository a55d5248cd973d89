/* cordon ps: the live runs of this user's monitors, and with --net where they are connected. */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include <cordon/json.h>
#include <cordon/text.h>

#include "inquiry.h"

/* Prints the row that was begun. */
static void
end_row(struct inquiry *q)
{
	if (q->row == NULL)
		return;
	if (q->net)
		cordon_json_end(q->row);
	cordon_json_end(q->row);
	if (cordon_json_text(q->row, NULL) != NULL)
		puts(cordon_json_text(q->row, NULL));
	cordon_json_destroy(q->row);
	q->row = NULL;
}

/* What follows of it is put there, too. */
static void
begin_row(struct inquiry *q, const struct control_row *row)
{
	struct cordon_json *j = cordon_json_create(1u << 22);

	if (j == NULL)
		return;
	cordon_json_object(j, NULL);
	cordon_json_string(j, "run", row->run);
	cordon_json_string(j, "handle", row->handle[0] == '\0' ? NULL : row->handle);
	cordon_json_string(j, "label", row->label[0] == '\0' ? NULL : row->label);
	cordon_json_string(j, "state", row->running ? "running" : "starting");
	cordon_json_u64(j, "pid", row->pid);
	cordon_json_u64(j, "ageMs", row->age_ms);
	cordon_json_string(j, "profile", row->profile);
	cordon_json_string(j, "session", row->session[0] == '\0' ? NULL : row->session);
	cordon_json_string(j, "command", row->command);
	cordon_json_i64(j, "monitor", q->monitor);
	if (q->net)
		cordon_json_array(j, "network");
	q->row = j;
}

/* What callers wrote is escaped: it stands on a terminal. */
static void
print_row(const struct control_row *row)
{
	char session[800], command[1100], label[600];

	(void)cordon_text_escape(row->session, strlen(row->session), session, sizeof(session));
	(void)cordon_text_escape(row->command, strlen(row->command), command, sizeof(command));
	(void)cordon_text_escape(row->label, strlen(row->label), label, sizeof(label));
	printf("%-28s  %7u  %6llu s  %-10s  %-20s  %s%s%s%s\n", row->run, row->pid,
		(unsigned long long)(row->age_ms / 1000), row->profile,
		session[0] == '\0' ? "-" : session, command, label[0] == '\0' ? "" : "  [", label,
		label[0] == '\0' ? "" : "]");
}

static void
print_destination(const struct control_destination *d)
{
	char port[16] = "";

	if (d->port != UINT32_MAX)
		(void)snprintf(port, sizeof(port), ":%u", d->port);
	printf("    %s %s%s  %s%s%s  %llu open of %llu  %llu bytes out, %llu in\n",
		d->allowed ? "->" : "x ", d->host, port, d->allowed ? "allowed" : "refused",
		d->reason[0] == '\0' ? "" : " ", d->reason, (unsigned long long)d->open,
		(unsigned long long)d->begun, (unsigned long long)d->bytes_out,
		(unsigned long long)d->bytes_in);
}

static void
hear_destination(struct inquiry *q, const struct cordon_message *m)
{
	struct control_destination d;
	struct cordon_error err = { 0 };

	if (control_destination_decode(m->body, m->size, &d, &err) < 0)
		return;
	if (!q->json) {
		print_destination(&d);
		return;
	}
	if (q->row == NULL)
		return;
	cordon_json_object(q->row, NULL);
	cordon_json_string(q->row, "host", d.host);
	if (d.port == UINT32_MAX)
		cordon_json_null(q->row, "port");
	else
		cordon_json_u64(q->row, "port", d.port);
	cordon_json_string(q->row, "decision", d.allowed ? "allow" : "refuse");
	cordon_json_string(q->row, "reason", d.reason[0] == '\0' ? NULL : d.reason);
	cordon_json_u64(q->row, "open", d.open);
	cordon_json_u64(q->row, "connections", d.begun);
	cordon_json_u64(q->row, "bytesIn", d.bytes_in);
	cordon_json_u64(q->row, "bytesOut", d.bytes_out);
	cordon_json_end(q->row);
}

static void
hear_row(struct inquiry *q, const struct cordon_message *m)
{
	struct control_row row;
	struct cordon_error err = { 0 };

	if (m->number == CONTROL_DESTINATION) {
		hear_destination(q, m);
		return;
	}
	if (m->number != CONTROL_ROW || control_row_decode(m->body, m->size, &row, &err) < 0)
		return;
	if (q->json) {
		end_row(q);
		begin_row(q, &row);
		return;
	}
	if (q->failures == 0 && q->concerned == 0) {
		printf("%-28s  %7s  %8s  %-10s  %-20s  %s\n", "RUN", "PID", "AGE", "PROFILE",
			"SESSION", "COMMAND");
		q->concerned = 1; /* the head line is printed once */
	}
	print_row(&row);
}

int
cmd_ps(int argc, char **argv)
{
	static const char usage[] =
		"Usage: cordon ps [--net] [--json]\n\n"
		"Lists the live runs of your monitors (cordon serve), with --net\n"
		"also which destinations they asked for, and what went there.\n";
	struct inquiry q = { .message = CONTROL_LIST, .hear = hear_row };
	const int parsed = inquiry_parse(argc, argv, usage, 0, 1, &q);

	if (parsed != 0)
		return parsed < 0 ? EXIT_SETUP : 0;
	if (q.net)
		q.message = CONTROL_LIST_NET;
	inquiry_ask_all(&q);
	end_row(&q);
	return q.failures > 0;
}

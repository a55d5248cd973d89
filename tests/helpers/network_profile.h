/* Profiles with a network, as files in a directory of the test's own, read with netguard's reader of hosts. */
#pragma once

#include <cordon/profile.h>

extern struct cordon_profile_places profile_places;
extern struct cordon_error profile_error;

/* Around each test. */
void begin_profiles(void);
void end_profiles(void);

void write_profile(const char *name, const char *text);
/* "base": on the bare floor, with this network on line 2; "child": extends it. */
void base_profile(const char *network);
void child_profile(const char *widens, const char *network);

/* Ends the test when it is refused. */
struct cordon_profile *load_profile(const char *name);
/* The error without the directory in front of it, or "accepted". */
const char *profile_refusal(const char *name);

#define ALLOW(entries)   "\"allow\": [" entries "]"
#define REFUSE(entries)  "\"refuse\": [" entries "]"
#define PRIVATE(entries) "\"private\": [" entries "]"
#define HOST(text)       "{\"host\": \"" text "\"}"
#define ADDRESS(text)    "{\"address\": \"" text "\"}"

#define PARENT                                                                                        \
	"\"default\": \"hold\", "                                                                     \
	"\"allow\": [{\"host\": \"a.example\"}, {\"host\": \"*.b.example\", \"ports\": [443, 8443], " \
	"\"as\": \"tls\", \"ech\": true}, {\"host\": \"o.example\", \"ports\": [7], \"as\": "         \
	"\"opaque\"}, {\"host\": \"8.8.8.8\", \"ports\": [443]}, {\"host\": \"h.example\", "          \
	"\"ports\": [7], \"as\": \"http\"}], "                                                        \
	"\"private\": [{\"address\": \"10.0.0.1:80\", \"name\": \"p.test\"}, {\"address\": "          \
	"\"10.0.0.2:80\"}], "                                                                         \
	"\"limits\": {\"connections\": 8, \"rate\": 8, \"bytesOut\": 8, \"bytesIn\": 8, \"names\": 8}"

# Sourced by the driver of the escape tests.
#
# Profiles of the tests' own, in files that only their owner can write.

make_profiles() {
	mkdir "$T/profiles"
	# The attack program lies where no workspace is, since nothing in one can be executed.
	cat >"$T/profiles/STRICT.json" <<J
{"cordonProfile": 1, "name": "strict-attacks", "extends": ["strict"],
 "widens": ["filesystem.read", "exec.allow"],
 "filesystem": {"read": ["/usr", "$T/attack"]}, "exec": {"allow": ["/usr", "$T/attack"]}}
J
	cat >"$T/profiles/PROC_SYSTEM.json" <<J
{"cordonProfile": 1, "name": "proc-system", "extends": ["default"], "widens": ["proc"], "proc": "system"}
J
	# Sockets of the host's whose files can be seen.
	cat >"$T/profiles/SEES_OUTSIDE.json" <<J
{"cordonProfile": 1, "name": "sees-outside", "extends": ["build"], "widens": ["filesystem.read"],
 "filesystem": {"read": ["/usr", "$outside"]}}
J
	cat >"$T/profiles/SEES_OUTSIDE_PAIR.json" <<J
{"cordonProfile": 1, "name": "sees-outside-pair", "extends": ["default"], "widens": ["filesystem.read"],
 "filesystem": {"read": ["/usr", "$outside"]}}
J
	# The attack program, for workspaces in which nothing can be executed.
	cat >"$T/profiles/SEES_ATTACK.json" <<J
{"cordonProfile": 1, "name": "sees-attack", "extends": ["build"], "widens": ["filesystem.read", "exec.allow"],
 "filesystem": {"read": ["/usr", "$T/attack"]}, "exec": {"allow": ["/usr", "$T/attack"]}}
J
	cat >"$T/profiles/SMALL_TMP.json" <<J
{"cordonProfile": 1, "name": "small-tmp", "extends": ["default"],
 "filesystem": {"tmp": {"size": "1M", "files": 64}}}
J
	cat >"$T/profiles/SMALL.json" <<J
{"cordonProfile": 1, "name": "small", "extends": ["default"],
 "limits": {"memory": "64M", "processes": 32, "openFiles": 64, "fileSize": "1M", "output": "64K"}}
J
	cat >"$T/profiles/HIDE.json" <<J
{"cordonProfile": 1, "name": "hide", "extends": ["default"],
 "filesystem": {"hide": ["**/.env", "**/*.pem"]}}
J
	chmod 644 "$T"/profiles/*
}

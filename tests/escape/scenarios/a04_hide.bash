# Sourced by the driver of the escape tests.
#
# A04: hidden names stay hidden, also when the host replaces or makes one while a run is going. Red when
# the names are looked at only once, or not watched.

scenario_a04_hidden() {
	it a04_hidden A04
	place
	mkdir "$W/sub"
	printf 'hidden-text\n' | tee "$W/.env" "$W/sub/.env" "$W/key.pem" >/dev/null
	chmod 644 "$W/.env" "$W/sub/.env" "$W/key.pem"
	run -- cat .env sub/.env key.pem
	[[ $out == *hidden-text* ]] || trouble "control: they cannot be read without hide: $out $err"
	run -p "$T/profiles/HIDE.json" -- sh -c 'cat .env sub/.env key.pem; ln .env a && cat a; mv .env b && cat b; mv sub c && cat c/.env; cp -r . /tmp/copy && cat /tmp/copy/.env; true'
	[[ $out != *hidden-text* ]] || trouble "hidden text was read: $out"
	[[ $(<"$W/.env") == hidden-text ]] || trouble "the hidden file is not what it was"
}

# Starts a run that prints .env for ever, makes it change, and expects the end of the run.
a04_change() { # NAME HOST-COMMAND...
	local fd pid title=$1
	shift
	it "$title" A04
	place
	mkdir "$W/sub"
	rm -f "$T/$pass/report-hide" # of the test before
	printf 'hidden-text\n' >"$W/.env"
	chown -R "$my_uid:$my_gid" "$W"
	background fd timeout -s KILL 30 "${me[@]}" "$cordon" run --workspace "$W" -p "$T/profiles/HIDE.json" \
		--report "$T/$pass/report-hide" -- \
		sh -c 'touch started; while :; do cat .env sub/.env new/key.pem 2>/dev/null; done'
	pid=$background_pid
	wait_until '[[ -e $W/started ]]' || trouble "it did not start: $(<"$T/background.err")"
	(cd "$W" && "$@")
	gone "$pid"
	exec {fd}>&-
	grep -q floor.hide "$T/$pass/report-hide" || trouble "the report does not say floor.hide: $(cat "$T/$pass/report-hide")"
}

scenario_a04_atomic_save() {
	a04_change a04_atomic_save sh -c 'echo new-secret >x && mv x .env'
}

scenario_a04_new_match() {
	a04_change a04_new_match sh -c 'mkdir new && echo new-secret >new/key.pem'
}

scenario_a04_moved_in() {
	a04_change a04_moved_in sh -c 'mkdir ../coming.$$ && echo new-secret >../coming.$$/key.pem && mv ../coming.$$ new'
}

scenario_a04_new_file() {
	a04_change a04_new_file sh -c 'echo new-secret >sub/.env'
}

# Sourced by the driver of the escape tests.
#
# A07: a planted link does not redirect what cordon writes for the operator. Red when the file is opened
# by name after the run, or links are followed.

scenario_a07_report_link() {
	it a07_report_link A07
	place
	ln -s "$outside/secret" "$W/report.json"
	ln -s "$outside/new" "$W/report2.json"
	chown -h "$my_uid:$my_gid" "$W"/report*.json
	cordon run --workspace "$W" --report "$W/report.json" -- true
	exits 125
	outside_is_untouched
	cordon run --workspace "$W" --report "$W/report2.json" -- true
	must ! -e "$outside/new"
	outside_is_untouched
}

# An earlier run has planted the directory.
scenario_a07_report_directory_link() {
	it a07_report_directory_link A07
	place
	ln -s "$outside/directory" "$W/reports"
	chown -h "$my_uid:$my_gid" "$W/reports"
	cordon run --workspace "$W" --report "$W/reports/r.json" -- echo started
	exits 125
	[[ $out != *started* ]] || trouble "the command was started"
	outside_is_untouched
}

# The run looks for the file that the report will be, and puts its own in its place. Red when it has a
# name meanwhile, and the name is trusted.
scenario_a07_report_forged() {
	it a07_report_forged A07
	place
	run --report "$W/report.json" -- sh -c 'for f in .cordon-report-* report.json; do rm -f "$f"; echo "{\"forged\": 1}" >"$f"; done; true'
	[[ $status == 125 ]] || [[ $(jq -r .reason "$W/report.json") == exit ]] || trouble "the report is: $(<"$W/report.json")"
}

# The run itself plants the link while it is going: the file, and the directory it is in.
scenario_a07_report_swapped() {
	it a07_report_swapped A07
	place
	mkdir "$W/reports" "$W/other"
	chown -R "$my_uid:$my_gid" "$W"
	run --report "$W/report.json" -- sh -c 'rm -f report.json; ln -s "$1/secret" report.json; mkdir x; ln -s "$1/secret" .report.json; true' sh "$outside"
	exits 0
	outside_is_untouched
	run --report "$W/reports/r.json" -- sh -c 'mv reports moved && ln -s "$1/directory" reports' sh "$outside"
	outside_is_untouched
	must ! -e "$outside/directory/r.json"
	must -s "$W/moved/r.json"
}

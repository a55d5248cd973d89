# Writes the library's JSON texts as C arrays. Called by the build: -DINPUTS=list -DOUTPUT=file.
string(REPLACE " " ";" INPUTS "${INPUTS}")
set(text "#include \"library.h\"\n\n")
set(table "const struct library_entry library_entries[] = {\n")
foreach(input ${INPUTS})
	get_filename_component(name ${input} NAME_WE)
	string(MAKE_C_IDENTIFIER ${name} identifier)
	file(READ ${input} hex HEX)
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
	string(APPEND text "static const unsigned char text_${identifier}[] = {${bytes}0};\n")
	string(APPEND table
		"\t{ \"${name}\", (const char *)text_${identifier}, sizeof(text_${identifier}) - 1 },\n")
endforeach()
file(WRITE ${OUTPUT} "${text}\n${table}\t{ 0, 0, 0 },\n};\n")

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cordon/mem.h>

#include "fetch_html.h"
#include "fetch_style.h"

static struct fetch_html h;
static struct cordon_error err;

static void
end(void)
{
	free(h.text);
}

TestSuite(fetch_html, .fini = end, .timeout = 120);

static void
reads(const char *page, const char *expected, uint64_t hidden)
{
	free(h.text);
	h = (struct fetch_html){ 0 };
	cr_assert(eq(int, fetch_html_read(page, strlen(page), &h, &err), 0), "'%s'", page);
	cr_expect(eq(str, h.text, (char *)(uintptr_t)expected), "'%s'", page);
	cr_expect(eq(sz, h.size, strlen(expected)), "'%s'", page);
	cr_expect(eq(u64, h.hidden, hidden), "'%s'", page);
}

Test(fetch_html, a_page_is_read_as_it_is_seen)
{
	reads("", "", 0);
	reads("a", "a", 0);
	reads("<!doctype html><html><head><title>T</title><style>p{}</style><script>x()</script></head>"
	      "<body><h1>H &amp; I</h1><p>one\n  <b>two</b>three</p>"
	      "<ul><li>x<li>y</ul>a<br>b<table><tr><td>1<td>2<tr><td>3</table>"
	      "<pre>  p\n q</pre><div>d</div><div>e</div>",
		"T\n\nH & I\n\none twothree\n\n- x\n- y\n\na\nb\n\n1 2\n3\n\n  p\n q\n\nd\ne", 0);
	reads("<a href='http://x/orders' title=orders>link</a> <img src=x alt=orders>", "link", 0);
	reads("<svg><text>seen</text></svg><math><mi>x</mi></math>", "seenx", 0);
	reads("<details><summary>s</summary>t</details><dialog open>u</dialog>", "s\nt\nu", 0);
	reads("&#x3c;|im_start|>&lt;/p>", "<|im_start|></p>", 0);
}

Test(fetch_html, t_exec_002_what_nobody_sees_is_left_out_and_counted)
{
	static const char *const pages[] = { "<p hidden>", "<p HIDDEN=until-found>",
		"<!-- -->1<template>", "<noscript>", "<p><NoScript >", "<head><noscript></head><p>",
		"<iframe>", "<object>", "<video>", "<audio>", "<canvas>", "<datalist>", "<dialog>",
		"<noembed>", "<noframes>", "<svg><title>", "<svg><desc>", "<svg><defs><text>",
		"<math><annotation>", "<div style='display:none'>",
		"<div style='color:red; DISPLAY : None !important'>",
		"<div style='d\\69splay:none'>", "<div style='display:/**/none'>",
		"<div style='display&#58;none'>", "<div style='visibility:hidden'>",
		"<table><tr style=visibility:collapse><td>",
		"<div style='--x:none;display:var(--x)'>", "<div style='opacity:0'>",
		"<div style='opacity:.05'>", "<div style='opacity:1%'>",
		"<div style='opacity:calc(0)'>", "<div style='filter:opacity(0)'>",
		"<div style='filter:opacity(1) opacity(0)'>",
		"<div style='transform:scale(1) scale(0)'>", "<div style='font-size:0'>",
		"<div style='font-size:1px'>", "<div style='font-size:.1em'>",
		"<div style='font-size:5%'>", "<div style='font:0/0 a'>",
		"<div style='font:bold 1px/2 serif'>", "<div style='color:transparent'>",
		"<div style='color:#0000'>", "<div style='color:#12345600'>",
		"<div style='color:rgba(0,0,0,0)'>", "<div style='color:rgb(0 0 0 / 0%)'>",
		"<div style='text-indent:-9999px'>",
		"<div style='text-indent:100%;overflow:hidden'>", "<svg><text opacity=0>",
		"<svg display=none><text>", "<svg><g visibility=hidden><text>",
		"<div style='position:absolute;left:-9999px'>",
		"<div style='position:fixed;top:-100vh'>",
		"<div style='position:absolute;left:calc(0px - 9999px)'>",
		"<div style='margin-left:-999em'>", "<div style='transform:translateX(-9999px)'>",
		"<div style='transform:scale(0)'>", "<div style='scale:0'>",
		"<div style='position:absolute;clip:rect(0,0,0,0)'>",
		"<div style='position:absolute;clip:rect(1px 1px 1px 1px)'>",
		"<div style='clip-path:inset(100%)'>", "<div style='clip-path:circle(0)'>",
		"<div style='height:0;overflow:hidden'>",
		"<div style='overflow:clip;max-width:1px'>",
		"<div style='content-visibility:hidden'>", "<div hidden><table><tr><td></div>",
		"<p hidden><b><i></b>", "<body hidden>" };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		char page[256];

		snprintf(page, sizeof(page), "%sorders", pages[i]);
		free(h.text);
		cr_assert(eq(int, fetch_html_read(page, strlen(page), &h, &err), 0));
		cr_expect(eq(ptr, strstr(h.text, "orders"), NULL), "'%s'", page);
		cr_expect(ge(u64, h.hidden, strstr(page, "<style>") == NULL ? 6 : 0), "'%s'", page);
	}
	reads("a<!-- orders -->b", "ab", 8);
	reads("a<script>orders</script><style>orders</style>b", "ab", 0);
	reads("<div hidden>12<p>34</div>5<b style='display:none'>67</b>8", "58", 6);
}

Test(fetch_html, styles_that_hide_nothing_hide_nothing)
{
	static const char *const styles[] = { "", ";", ":", "display:block", "display", "opacity:1",
		"opacity:.5", "color:#000", "color:#112233", "color:rgba(0,0,0,.5)",
		"font-size:12px", "font-size:.8em", "font:bold 12px/1 a", "font:italic 700 1em b",
		"margin:0", "margin:-1px auto", "left:50%;transform:translate(-50%,-50%)",
		"left:50%;margin-left:-50vw", "height:0", "overflow:hidden",
		"overflow:hidden;height:20px", "transform:rotate(45deg)", "clip:auto",
		"clip:rect(0,200px,200px,0)", "zoom:1", "background:url(x1.png)", "text-indent:2em",
		"visibility:visible", "top:0", "\\", "/*", "color:var(--c)" };

	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		cr_expect(eq(int, fetch_style_hides(styles[i]), 0), "'%s'", styles[i]);
}

Test(fetch_html, which_pages_are_html)
{
	char *html[] = { "Server", "x", "content-TYPE", "Text/HTML; charset=utf-8", NULL },
	     *plain[] = { "Content-Type", "text/plain", NULL }, *none[] = { NULL },
	     *odd[] = { "Content-Type", "html", NULL },
	     *two[] = { "Content-Type", "text/html", "Content-Type", "text/plain", NULL };

	cr_expect(eq(int, fetch_is_html(html, "x", 1), 1));
	cr_expect(eq(int, fetch_is_html(plain, "<html>", 6), 0));
	cr_expect(eq(int, fetch_is_html(two, "<html>", 6), 0));
	cr_expect(eq(int, fetch_is_html(none, " \n<!DOCTYPE html>", 17), 1));
	cr_expect(eq(int, fetch_is_html(odd, "<P>", 3), 1));
	cr_expect(eq(int, fetch_is_html(NULL, "<pre>", 5), 0));
	cr_expect(eq(int, fetch_is_html(none, "", 0), 0));
}

/* Whatever it is: an end, and memory that is bounded. */
static void
many(const char *what, size_t count)
{
	const size_t size = strlen(what);
	char *page = malloc(size * count + 1);

	cr_assert(ne(ptr, page, NULL));
	for (size_t i = 0; i < count; i++)
		memcpy(page + size * i, what, size);
	free(h.text);
	h = (struct fetch_html){ 0 };
	if (fetch_html_read(page, size * count, &h, &err) < 0)
		cr_expect(eq(str, err.reason, "limit.memory"));
	free(page);
}

Test(fetch_html, pages_that_are_made_to_be_hard_come_to_an_end)
{
	many("<div>", 100000);
	many("<b><p>", 2000);
	many("</p>", 100000);
	many("<table>", 10000);
	many("<a href=x>", 2000);
	many("<svg><g>", 50000);
	many("x<br>", 3000000);
	many("<p style='display:none", 10000);
	free(h.text);
	cr_expect(eq(int, fetch_html_read("a\0b<\0p>", 7, &h, &err), 0));
}

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <string.h>

#include <cordon/resolv_conf.h>

static struct cordon_address found[CORDON_RESOLV_CONF_SERVERS];

static unsigned
servers(const char *text)
{
	return cordon_resolv_conf_servers(text, strlen(text), found);
}

static void
expect(unsigned i, const char *text)
{
	char print[CORDON_ADDRESS_TEXT];

	cordon_address_print(&found[i], print);
	cr_assert(eq(int, strcmp(print, text), 0), "%s", print);
}

Test(resolv_conf, has_its_servers_in_order)
{
	cr_assert(eq(uint,
		servers("# made by somebody\nsearch lan\nnameserver 127.0.0.53\n"
			"options edns0\nnameserver\t 2606:4700:4700::1111 \t\r\nnameserver 9.9.9.9"),
		3));
	expect(0, "127.0.0.53");
	expect(1, "2606:4700:4700::1111");
	expect(2, "9.9.9.9");
}

Test(resolv_conf, has_three_at_most)
{
	cr_assert(eq(uint,
		servers("nameserver 1.0.0.1\nnameserver 1.0.0.2\nnameserver 1.0.0.3\n"
			"nameserver 1.0.0.4\n"),
		3));
	expect(2, "1.0.0.3");
}

Test(resolv_conf, what_is_no_address_is_no_server)
{
	static const char *const none[] = { "", "\n\n", "nameserver", "nameserver \n",
		"nameserver localhost\n", "nameserver fe80::1%eth0\n", "nameserver 0177.0.0.1\n",
		"#nameserver 9.9.9.9\n", " nameserver 9.9.9.9\n", "nameserver9.9.9.9\n",
		"nameservers 9.9.9.9\n", "nameserver 9.9.9.9x\n" };

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		cr_assert(eq(uint, servers(none[i]), 0), "%s", none[i]);
	cr_assert(eq(uint, servers("nameserver x\nnameserver 9.9.9.9\n"), 1));
}

Test(resolv_conf, a_mapped_address_is_the_ipv4_address)
{
	cr_assert(eq(uint, servers("nameserver ::ffff:9.9.9.9\n"), 1));
	expect(0, "9.9.9.9");
}

Test(resolv_conf, reads_no_further_than_its_size)
{
	cr_assert(eq(uint, cordon_resolv_conf_servers("nameserver 9.9.9.9", 12, found), 0));
	cr_assert(eq(uint, cordon_resolv_conf_servers("nameserver 9.9.9.9", 17, found), 0));
	cr_assert(eq(uint, cordon_resolv_conf_servers("nameserver 9.9.9.9\0\n", 20, found), 0));
}

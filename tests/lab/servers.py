"""The servers of the world, from Debian's packages, each as an ordinary user with a directory of its own."""
import json
import os
import shutil
import subprocess
import sys
import zipfile

import lab as of
from cases import Trouble

NEEDS = ("nginx", "fcgiwrap", "sshd", "redis-server", "openssl", "git")
POSTGRES = sorted((os.path.join("/usr/lib/postgresql", v, "bin") for v in
                   (os.listdir("/usr/lib/postgresql") if os.path.isdir("/usr/lib/postgresql") else [])), reverse=True)


def missing():
    """What this machine lacks."""
    return [name for name in NEEDS if shutil.which(name, path=of.PATH) is None] + ([] if POSTGRES else ["postgresql"])


def tool(name):
    return shutil.which(name, path=of.PATH)


def authority(lab):
    """A certificate authority, and one certificate for all names of the world; as files ca.pem, leaf.pem, leaf.key."""
    at = lab.world
    names = ",".join([f"DNS:{n}" for n in of.ZONE] + [f"IP:{a}" for a in of.WORLD])
    lab.place.file("world/leaf.ext", f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    lab.run("openssl", "req", "-x509", *key, "-keyout", f"{at}/ca.key", "-out", f"{at}/ca.pem", "-subj", "/CN=the world's", "-days", "7",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    lab.run("openssl", "req", *key, "-keyout", f"{at}/leaf.key", "-out", f"{at}/leaf.csr", "-subj", "/CN=leaf")
    lab.run("openssl", "x509", "-req", "-in", f"{at}/leaf.csr", "-CA", f"{at}/ca.pem", "-CAkey", f"{at}/ca.key", "-CAcreateserial",
            "-out", f"{at}/leaf.pem", "-days", "7", "-extfile", f"{at}/leaf.ext")
    os.chmod(f"{at}/leaf.key", 0o600)
    lab.directory("world")


def repository(lab):
    """git/project.git with one commit; served over https by nginx, and by sshd."""
    bare = os.path.join(lab.world, "git", "project.git")
    work = os.path.join(lab.place.path, "project")
    git = ["git", "-c", "user.name=u", "-c", "user.email=u@example.org", "-c", "init.defaultBranch=main"]
    lab.run(*git, "init", "-q", work)
    lab.place.file("project/README", "read me\n" * 1000)
    lab.run(*git, "-C", work, "add", "README")
    lab.run(*git, "-C", work, "commit", "-q", "-m", "first")
    lab.run(*git, "clone", "-q", "--bare", work, bare)
    lab.run("chown", "-R", f"{lab.user.pw_uid}:{lab.user.pw_gid}", os.path.join(lab.world, "git"))


NGINX = """
daemon off; master_process off; pid {at}/nginx.pid; error_log {at}/nginx.error;
events {{ worker_connections 2048; }}
http {{
	log_format heard '$scheme $server_addr $server_port "$ssl_server_name" "$http_host" $server_protocol $request_uri';
	access_log {at}/heard heard;
	client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;
	uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
	ssl_certificate {at}/leaf.pem; ssl_certificate_key {at}/leaf.key;
	client_max_body_size 0; keepalive_requests 1000000;
	map $host $page {{ default "other of $host\\n"; www.example.org "page of www\\n"; files.example.org "page of files\\n"; }}
	server {{
		{listen}
		location = /redirect {{ return 302 http://other.example.net/; }}
		location = /big {{ root {at}; }}
		location /simple/ {{ root {at}; autoindex on; }}
		location / {{ default_type text/plain; return 200 $page; }}
	}}
	server {{ listen {www}:8080 http2; location / {{ default_type text/plain; return 200 $page; }} }}
	server {{
		listen {git}:443 ssl http2;
		location / {{
			fastcgi_pass unix:{at}/fcgi; fastcgi_param SCRIPT_FILENAME {backend}; fastcgi_param PATH_INFO $uri;
			fastcgi_param GIT_PROJECT_ROOT {at}/git; fastcgi_param GIT_HTTP_EXPORT_ALL 1; fastcgi_param QUERY_STRING $query_string;
			fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;
			fastcgi_param HTTP_GIT_PROTOCOL $http_git_protocol; fastcgi_param REMOTE_ADDR $remote_addr;
		}}
	}}
	server {{ listen {resolver}:443 ssl http2; location / {{ proxy_pass http://127.0.0.1:8053; proxy_http_version 1.1; }} }}
}}
"""


def packages(lab):
    """simple/made, an index that pip installs from (PEP 503), with a wheel that has one module."""
    at = os.path.join(lab.world, "simple", "made")
    os.makedirs(at)
    with zipfile.ZipFile(os.path.join(at, "made-1.0-py3-none-any.whl"), "w") as wheel:
        about = "made-1.0.dist-info"
        wheel.writestr("made.py", "print('made')\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: made\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", f"made.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")


def web(lab):
    at = lab.world
    packages(lab)
    places = [f"{of.WWW}:80", f"{of.WWW}:443", f"{of.WWW}:8443", f"{of.OTHER}:80", f"{of.OTHER}:443", f"{of.THERE}:80", f"{of.DATA}:80", f"{of.METADATA}:80"]
    places += [f"[{of.WWW6}]:80", f"[{of.WWW6}]:443"] if lab.six else []
    listen = "\n".join(f"listen {p}{' ssl http2' if p.endswith('443') else ''};" for p in places)
    backend = os.path.join(lab.run("git", "--exec-path").strip(), "git-http-backend")
    conf = lab.place.file("world/nginx.conf", NGINX.format(at=at, listen=listen, www=of.WWW, git=of.GIT, resolver=of.RESOLVER, backend=backend))
    with open(f"{at}/big", "wb") as file:
        file.truncate(32 << 20)
    lab.serve("fcgiwrap", tool("fcgiwrap"), "-s", f"unix:{at}/fcgi", ready=lambda: os.path.exists(f"{at}/fcgi"),
              env={"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"})
    lab.serve("nginx", tool("nginx"), "-c", conf, "-e", f"{at}/nginx.error",
              ready=lambda: lab.listens(of.WWW, 443) and lab.listens(of.RESOLVER, 443))


def secure_shell(lab):
    at = lab.world
    for name in ("host", "user"):
        lab.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{at}/{name}_key")
    shutil.copy(f"{at}/user_key.pub", f"{at}/authorized")
    lab.directory("world")
    with open(f"{at}/host_key.pub", encoding="ascii") as file:
        lab.place.file("known_hosts", f"git.example.org {' '.join(file.read().split()[:2])}\n")
    conf = lab.place.file("world/sshd.conf", "\n".join([
        f"ListenAddress {of.GIT}", "Port 22", f"HostKey {at}/host_key", f"AuthorizedKeysFile {at}/authorized", "StrictModes no",
        "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", f"PidFile {at}/sshd.pid", "PrintMotd no"]) + "\n")
    lab.serve("sshd", tool("sshd"), "-D", "-e", "-f", conf, ready=lambda: lab.listens(of.GIT, 22))


def databases(lab):
    at, postgres = lab.world, POSTGRES[0]
    who = ["setpriv", "--reuid", str(lab.user.pw_uid), "--regid", str(lab.user.pw_gid), "--clear-groups", "--"] if os.geteuid() == 0 else of.plain()
    lab.run(*who, f"{postgres}/initdb", "-D", f"{at}/pg", "-A", "trust", "-U", "tester", "--no-sync", "--no-locale", "-E", "UTF8")
    for file in ("leaf.pem", "leaf.key"):
        shutil.copy(f"{at}/{file}", f"{at}/pg/{file}")
    lab.run("chown", "-R", f"{lab.user.pw_uid}:{lab.user.pw_gid}", f"{at}/pg")
    os.chmod(f"{at}/pg/leaf.key", 0o600)
    with open(f"{at}/pg/pg_hba.conf", "a", encoding="ascii") as file:
        file.write("host all all 10.99.0.0/24 trust\n")
    settings = {"listen_addresses": of.DATA, "unix_socket_directories": "", "fsync": "off", "ssl": "on", "ssl_cert_file": "leaf.pem",
                "ssl_key_file": "leaf.key", "shared_buffers": "16MB", "dynamic_shared_memory_type": "mmap"}
    lab.serve("postgres", f"{postgres}/postgres", "-D", f"{at}/pg", *[w for k, v in settings.items() for w in ("-c", f"{k}={v}")],
              ready=lambda: subprocess.run([tool("psql"), "-h", of.DATA, "-U", "tester", "-c", "select 1", "postgres"], check=False,
                                           capture_output=True).returncode == 0)
    lab.serve("redis", tool("redis-server"), "--bind", of.DATA, "--port", "6379", "--save", "", "--protected-mode", "no", "--dir", at,
              ready=lambda: lab.listens(of.DATA, 6379))


def name_servers(lab):
    what = [of.ZONE, of.TURNING, lab.log, [of.THERE, of.RESOLVER], [[of.WWW, 443], [of.OTHER, 53000]], [[of.WWW, 9000], [of.OTHER, 9000]]]
    lab.serve("names", sys.executable, os.path.join(lab.code, "names.py"), json.dumps(what))


ALL = (authority, repository, name_servers, web, secure_shell, databases)
PAGES = (authority, name_servers, web)


def begin(lab, which):
    if missing():
        raise Trouble(f"this machine lacks {', '.join(missing())}: scripts/setup test installs them")
    for server in which:
        server(lab)

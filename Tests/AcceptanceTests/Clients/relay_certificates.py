"""Authorities and certificates for tests, made by the openssl command."""

import subprocess
from pathlib import Path


def openssl(*arguments, **options):
    return subprocess.run(
        ["openssl", *map(str, arguments)], check=True, capture_output=True, **options).stdout


class Authority:
    """An authority of its own, in a folder, or one that another vouches for."""

    def __init__(self, folder, name="Test authority", parent=None):
        self.folder, self.parent = Path(folder), parent
        self.file, self.key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        usage = "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"
        if parent:
            request = self.folder / "request"
            openssl("req", *kind, "-keyout", self.key, "-out", request, "-subj", f"/CN={name}")
            parent.sign(request, "\n".join(usage), self.file)
        else:
            openssl(
                "req", "-x509", *kind, "-keyout", self.key, "-out", self.file, "-days", "30",
                "-subj", f"/CN={name}", "-addext", usage[0], "-addext", usage[1])

    def issuer(self, name):
        """An authority that this one vouches for."""
        return Authority(self.folder, name, parent=self)

    def certificate(self, label, names, dates=None, usage="serverAuth"):
        """A certificate for host names or addresses, with its chain, and its key: two files.

        `dates`: from and to, as openssl writes them (YYYYMMDDHHMMSSZ); else a month from now.
        """
        file, key = self.folder / f"{label}.pem", self.folder / f"{label}.key"
        request = self.folder / "request"
        openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            key, "-out", request, "-subj", f"/CN={label}")
        alternatives = ",".join(
            f"IP:{name}" if name.replace(".", "").isdigit() else f"DNS:{name}" for name in names)
        self.sign(
            request, f"subjectAltName={alternatives}\nbasicConstraints=CA:FALSE\n"
            f"keyUsage=digitalSignature\nextendedKeyUsage={usage}\n", file, dates)
        if self.parent:
            file.write_bytes(file.read_bytes() + self.file.read_bytes())
        return file, key

    def sign(self, request, extensions, file, dates=None):
        """By `openssl ca`, which takes both dates."""
        (self.folder / "index").write_text("")
        configuration, extended = self.folder / "ca.conf", self.folder / "extensions"
        extended.write_text(extensions)
        configuration.write_text(
            f"[ca]\ndefault_ca=it\n[it]\ndatabase={self.folder}/index\n"
            f"new_certs_dir={self.folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n"
            "[any]\ncommonName=supplied\n")
        span = ["-startdate", dates[0], "-enddate", dates[1]] if dates else ["-days", "30"]
        openssl(
            "ca", "-batch", "-notext", "-config", configuration, "-in", request, "-out", file,
            "-cert", self.file, "-keyfile", self.key, "-extfile", extended, *span)

"""labctl and boto3 work in the same account: each row of tests/accounts.json, with real botocore beside it."""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

from common import LABCTL, ROOT, Lab, client

TABLE = json.loads((ROOT / "tests" / "accounts.json").read_text())
BOTO3 = """
import sys, boto3
session = boto3.Session(**({"profile_name": sys.argv[1]} if sys.argv[1:] else {}))
print(session.client("sts", region_name="us-east-1").get_caller_identity()["Account"])
"""


def text(sections):
    """A file's sections; a first line of twelve digits stands for keys of that account."""
    keys = r"\1aws_access_key_id = \2\naws_secret_access_key = x"
    return "".join(re.sub(r"^(\[.*\]\n)(\d{12})$", keys, f"[{name}]\n{said}\n", count=1, flags=re.M) for name, said in sections.items())


class Accounts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.lab.run("local", "start", "--port", "0")
        cls.endpoint = cls.lab.json("local", "status")["endpoint"]
        for account in TABLE["roles"]:
            trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            client("iam", cls.endpoint, account=account).create_role(RoleName="R", AssumeRolePolicyDocument=document)

    def environment(self, row):
        home = pathlib.Path(self.lab.folder)
        aws = home / ".aws"
        aws.mkdir(exist_ok=True)
        for name in ("config", "credentials"):
            (aws / name).unlink(missing_ok=True)
            if name in row:
                (aws / name).write_text(text(row[name]))
        keys = {"AWS_ACCESS_KEY_ID": row["env"], "AWS_SECRET_ACCESS_KEY": "x"} if "env" in row else {}
        said = {name: value.replace("@HOME@", str(home)) for name, value in row.get("variables", {}).items()}
        return {
            "PATH": os.environ["PATH"], "HOME": str(home), "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true", **keys, **said,
        }

    def account(self, pattern, stream, *command, env):
        done = subprocess.run(command, cwd=self.lab.folder, env=env, capture_output=True, text=True, timeout=60)
        found = re.search(pattern, getattr(done, stream))
        return found and found.group(1)

    def test_labctl_and_boto3_agree(self):
        for row in TABLE["rows"]:
            with self.subTest(row["name"]):
                env = self.environment(row)
                name = [row["profile"]] if "profile" in row else []
                boto3 = self.account(r"^(\d{12})$", "stdout", sys.executable, "-c", BOTO3, *name, env=env)
                options = [f"--profile={profile}" for profile in name]
                labctl = self.account(r"in account (\d{12})", "stderr", LABCTL, "up", *options, env=env)
                self.assertEqual(boto3, row.get("account"), "boto3")
                self.assertEqual(labctl, row.get("account"), "labctl")


if __name__ == "__main__":
    unittest.main()

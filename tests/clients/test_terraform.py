"""Terraform with the AWS provider: apply, a plan that shows no change, destroy; nothing is left."""

import json
import os
import pathlib
import shutil
import subprocess
import zipfile

import pytest

from common import ROOT, client, get

HERE = pathlib.Path(__file__).parent


def mirror():
    """The folder of a mirrored AWS provider: two levels above `hashicorp/aws`."""
    if named := os.environ.get("LAB_TF_MIRROR"):
        return pathlib.Path(named)
    places = ["opt/*/*", "usr/share/terraform/plugins/*", "usr/local/share/terraform/plugins/*"]
    found = [host for place in places for host in pathlib.Path("/").glob(place) if (host / "hashicorp/aws").is_dir()]
    return found[0].parent if found else None


@pytest.fixture
def terraform(twin, lab, tmp_path):
    providers = mirror()
    if not (shutil.which("terraform") and providers):
        pytest.skip("no Terraform with a mirrored AWS provider here")
    shutil.copytree(HERE / "terraform", tmp_path, dirs_exist_ok=True)
    (tmp_path / "cli.tfrc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{providers}"\n  }}\n}}\n', encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "lambda.zip", "w") as packed:
        packed.write(ROOT / "artifacts/hello/lambda_function.py", "lambda_function.py")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(tmp_path / "cli.tfrc"),
        "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_VAR_endpoint": lab["endpoint"],
        "TF_VAR_zip": str(tmp_path / "lambda.zip"), "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1",
    }

    def run(*words):
        done = subprocess.run(["terraform", *words, "-no-color"], cwd=tmp_path, env=environment, capture_output=True,
                              text=True, timeout=600)
        assert done.returncode == 0, f"terraform {words[0]}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run("init", "-input=false")
    return run


def left(lab):
    """What of the configuration's is there, by service."""
    def of(service):
        return client(service, lab["endpoint"])
    return {
        "roles": [r["RoleName"] for r in of("iam").list_roles()["Roles"] if r["RoleName"] == "d-lambda-demo"],
        "functions": [f for f in of("lambda").list_functions()["Functions"] if f["FunctionName"] == "d-lambda-demo"],
        "pools": len(of("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]) - 1,
        "apis": len(of("apigateway").get_rest_apis()["items"]) - 1,
    }


def test_terraform(terraform, lab):
    assert "Apply complete! Resources: 14 added" in terraform("apply", "-auto-approve", "-input=false")
    url = json.loads(terraform("output", "-json"))["invoke_url"]["value"]
    # Terraform knows AWS's name of the API only.
    api, stage, path = url.split("/")[2].split(".")[0], *url.split("/")[3:5]
    assert get(f"{lab['endpoint']}/_api/{api}/{stage}/{path}") == (401, '{"message":"Unauthorized"}')
    # 0: no change. 2 would be: something is not read back as it was made.
    assert "No changes." in terraform("plan", "-detailed-exitcode", "-input=false")
    assert "Destroy complete! Resources: 14 destroyed" in terraform("destroy", "-auto-approve", "-input=false")
    assert left(lab) == {"roles": [], "functions": [], "pools": 0, "apis": 0}

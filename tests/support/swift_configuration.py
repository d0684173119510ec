# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Swift's and Keystone's servers read, for SwiftServers."""
from __future__ import annotations

import pathlib

COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {top}
devices = {top}/srv
mount_check = false
disable_fallocate = true
log_level = WARNING
log_address = {top}/no-syslog
"""

STORAGE_SERVER = COMMON + """
[pipeline:main]
pipeline = healthcheck {name}-server
[app:{name}-server]
use = egg:swift#{name}
recon_cache_path = {top}/cache
[filter:healthcheck]
use = egg:swift#healthcheck
"""

# authtoken before s3api, or each S3 request is refused.
PIPELINE = ("catch_errors gatekeeper healthcheck cache listing_formats bulk authtoken s3api s3token keystoneauth copy "
            "container-quotas account-quotas slo dlo versioned_writes symlink proxy-server")

PROXY = COMMON + """
[pipeline:main]
pipeline = {pipeline}
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:copy]
use = egg:swift#copy
[filter:container-quotas]
use = egg:swift#container_quotas
[filter:account-quotas]
use = egg:swift#account_quotas
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
[filter:symlink]
use = egg:swift#symlink
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:s3token]
use = egg:swift#s3token
auth_uri = {keystone}
# Otherwise Keystone is asked at every request.
secret_cache_duration = 60
{service_user}
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = {keystone}
{service_user}
delay_auth_decision = True
cache = swift.cache
include_service_catalog = False
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, swiftoperator, member
"""

SERVICE_USER = """auth_type = password
auth_url = {keystone}
username = swift
password = swiftpass
project_name = service
user_domain_id = default
project_domain_id = default
region_name = RegionOne"""

KEYSTONE = """[DEFAULT]
use_stderr = true
log_file =
[database]
connection = sqlite:///{top}/keystone.db
sqlite_synchronous = false
[token]
provider = fernet
expiration = 3600
[fernet_tokens]
key_repository = {top}/fernet
[fernet_receipts]
key_repository = {top}/fernet
[credential]
key_repository = {top}/cred
[cache]
enabled = false
[identity]
# For the time that a test takes: twelve is usual.
password_hash_rounds = 4
[oslo_policy]
enforce_scope = false
policy_file = {top}/policy.yaml
policy_dirs = {top}/policy.d
"""

HASHES = """[swift-hash]
swift_hash_path_prefix = test
swift_hash_path_suffix = test
[storage-policy:0]
name = Policy-0
default = yes
"""

# A server reads /etc/swift/swift.conf wherever the rest is, unless it is told otherwise before.
LAUNCHER = """import runpy, sys
import swift.common.utils
swift.common.utils.set_swift_dir("{top}")
import swift.common.constraints, swift.common.storage_policy
swift.common.constraints.reload_constraints()
swift.common.storage_policy.reload_storage_policies()
sys.argv = sys.argv[1:]
if sys.argv[0] == "rings":
    from swift.common.ring import RingBuilder
    for argument in sys.argv[1:]:
        name, port = argument.split(":")
        ring = RingBuilder(2, 1, 0)
        ring.add_dev(dict(id=0, region=1, zone=1, ip="127.0.0.1", port=int(port), device="d1", weight=1.0, meta="",
                          replication_ip="127.0.0.1", replication_port=int(port)))
        ring.rebalance()
        ring.get_ring().save("{top}/" + name + ".ring.gz")
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


def write(top: pathlib.Path, ports: dict[str, int], user: str) -> None:
    keystone = f"http://127.0.0.1:{ports['keystone']}/v3"
    texts = {
        f"{name}-server.conf": STORAGE_SERVER.format(name=name, port=ports[name], top=top, user=user)
        for name in ("account", "container", "object")
    }
    texts["proxy-server.conf"] = PROXY.format(port=ports["proxy"], top=top, user=user, pipeline=PIPELINE,
                                              memcached=ports["memcached"], keystone=keystone,
                                              service_user=SERVICE_USER.format(keystone=keystone))
    texts["keystone.conf"] = KEYSTONE.format(top=top)
    texts["swift.conf"] = HASHES
    texts["mime.types"] = ""
    texts["run_swift.py"] = LAUNCHER.format(top=top)
    for name, text in texts.items():
        (top / name).write_text(text)

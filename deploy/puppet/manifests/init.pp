# SPDX-License-Identifier: AGPL-3.0-or-later
#
# @summary Intendance on one machine: its configuration, its token, its daemons.
#
# An example, to be put into a module called `intendance`. The programs, units and users are
# expected to be installed already.
#
# @param config
#   The whole text of /etc/intendance/intendance.toml. Checked by `intendance config check` before
#   it replaces the one that is there.
# @param token
#   What Prometheus and the dashboard say to this machine's daemons: `openssl rand -hex 32`, from
#   hiera-eyaml.
# @param daemons
#   Those that run here: collectord and backupd everywhere, billingd and webd on the hub.
# @param access_token
#   What people type to see the dashboard; only where webd runs.
#
class intendance (
  String[1] $config,
  Sensitive[String[32]] $token,
  Array[Enum['collectord', 'backupd', 'billingd', 'webd']] $daemons = ['collectord', 'backupd'],
  Optional[Sensitive[String[20]]] $access_token = undef,
) {
  file { '/etc/intendance':
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0755',
  }

  # The keys themselves are brought here by hand, and never pass through Puppet.
  file { '/etc/intendance/keys':
    ensure => directory,
    owner  => 'root',
    group  => 'root',
    mode   => '0700',
  }

  file { '/etc/intendance/token':
    ensure    => file,
    owner     => 'root',
    group     => 'root',
    mode      => '0600',
    content   => $token,
    show_diff => false,
  }

  if $access_token {
    file { '/etc/intendance/access-token':
      ensure    => file,
      owner     => 'root',
      group     => 'root',
      mode      => '0600',
      content   => $access_token,
      show_diff => false,
    }
  }

  file { '/etc/intendance/intendance.toml':
    ensure       => file,
    owner        => 'root',
    group        => 'root',
    mode         => '0644',
    content      => $config,
    validate_cmd => '/usr/bin/intendance config check --config %',
  }

  $secrets = $access_token ? {
    undef   => [File['/etc/intendance/token']],
    default => [File['/etc/intendance/token'], File['/etc/intendance/access-token']],
  }

  $daemons.each |$daemon| {
    service { "intendance-${daemon}":
      ensure    => running,
      enable    => true,
      subscribe => [File['/etc/intendance/intendance.toml']] + $secrets,
    }
  }
}

//! The outside programs that the tests need.

use std::process::{Command, Stdio};

use crate::account;
use crate::pgbouncer;
use crate::process::output;

pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// A command line that succeeds, and prints a version, where the program is installed.
    pub(crate) probe: &'static [&'static str],
    pub(crate) debian_package: &'static str,
}

/// What the tests need besides the servers.
pub(crate) const PROGRAMS: &[Program] = &[
    Program { name: "Chromium", probe: &["chromium", "--version"], debian_package: "chromium" },
    Program { name: "ChromeDriver", probe: &["chromedriver", "--version"], debian_package: "chromium-driver" },
    // By its full path: Debian's modules belong to Debian's Python, which need not be the first in `PATH`.
    Program {
        name: "aiosmtpd",
        probe: &["/usr/bin/python3", "-m", "aiosmtpd", "--version"],
        debian_package: "python3-aiosmtpd",
    },
    Program { name: "Exim", probe: &["exim4", "-bV"], debian_package: "exim4-daemon-light" },
    pgbouncer::PROGRAM,
];

/// What the blocking connections of diesel are linked with. Whatever builds all features needs them.
pub(crate) const LIBRARIES: &[Program] = &[
    // A client of PostgreSQL has `pg_config` too, and nothing to link with.
    Program {
        name: "libpq",
        probe: &["sh", "-c", r#"test -e "$(pg_config --includedir)/libpq-fe.h" && pg_config --version"#],
        debian_package: "libpq-dev",
    },
    Program {
        name: "libmysqlclient",
        probe: &["mariadb_config", "--version"],
        debian_package: "default-libmysqlclient-dev",
    },
];

impl Program {
    /// What the program says of its version, or `None` where it is not installed.
    fn version(&self) -> Option<String> {
        let said = output(self.probe)?;
        let number = said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        // MariaDB's goes on with `-MariaDB-0+deb12u1`.
        let number = number.map(|word| word.split('-').next().unwrap_or(word));
        Some(format!("{} {}", self.name, number.unwrap_or("of unknown version")))
    }
}

/// Sees to it that the programs are there, and returns their versions.
pub(crate) fn ensure(programs: &[&Program]) -> Result<Vec<String>, String> {
    let missing: Vec<&Program> = programs.iter().copied().filter(|program| program.version().is_none()).collect();
    if !missing.is_empty() {
        let packages: Vec<&str> = missing.iter().map(|program| program.debian_package).collect();
        if !account::is_root() || output(&["apt-get", "--version"]).is_none() {
            return Err(please_install(&missing));
        }
        println!("Installing {}", packages.join(", "));
        apt_get(&["update"])?;
        // Nothing of the machine's own may make way: a second mail server would replace the first.
        apt_get(&[&["install", "-y", "--no-install-recommends", "--no-remove"], packages.as_slice()].concat())?;
    }
    programs.iter().map(|program| program.version().ok_or_else(|| please_install(&[program]))).collect()
}

fn please_install(missing: &[&Program]) -> String {
    let names: Vec<&str> = missing.iter().map(|program| program.name).collect();
    let packages: Vec<&str> = missing.iter().map(|program| program.debian_package).collect();
    format!(
        "the tests need {}: on Debian, run `apt-get install {}` as root, then run this again",
        names.join(", "),
        packages.join(" ")
    )
}

fn apt_get(arguments: &[&str]) -> Result<(), String> {
    let status = Command::new("apt-get")
        .args(["-q", "-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("apt-get {} failed: {status}", arguments.join(" "))),
        Err(error) => Err(format!("apt-get did not start: {error}")),
    }
}

//! The outside programs that tests start for themselves, each on a free loopback port.

use std::process::{Command, Stdio};

struct Program {
    name: &'static str,
    /// A command line that succeeds, and prints a version, where the program is installed.
    probe: &'static [&'static str],
    debian_package: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "Chromium",
        probe: &["chromium", "--version"],
        debian_package: "chromium",
    },
    Program {
        name: "ChromeDriver",
        probe: &["chromedriver", "--version"],
        debian_package: "chromium-driver",
    },
    // By its full path: Debian's modules belong to Debian's Python, which need not be the first in `PATH`.
    Program {
        name: "aiosmtpd",
        probe: &["/usr/bin/python3", "-m", "aiosmtpd", "--version"],
        debian_package: "python3-aiosmtpd",
    },
];

impl Program {
    /// What the program says of its version, or `None` where it is not installed.
    fn version(&self) -> Option<String> {
        let said = output(self.probe)?;
        let number = said
            .split_whitespace()
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        Some(format!(
            "{} {}",
            self.name,
            number.unwrap_or("of unknown version")
        ))
    }
}

/// Sees to it that every program is there, and returns their versions.
pub(crate) fn ensure() -> Result<Vec<String>, String> {
    let missing = missing();
    if !missing.is_empty() {
        let packages: Vec<&str> = missing
            .iter()
            .map(|program| program.debian_package)
            .collect();
        if output(&["id", "-u"]).is_none_or(|id| id.trim() != "0")
            || output(&["apt-get", "--version"]).is_none()
        {
            return Err(please_install(&missing));
        }
        println!("Installing {}", packages.join(", "));
        apt_get(&["update"])?;
        apt_get(
            &[
                &["install", "-y", "--no-install-recommends"],
                packages.as_slice(),
            ]
            .concat(),
        )?;
    }
    PROGRAMS
        .iter()
        .map(|program| program.version().ok_or_else(|| please_install(&[program])))
        .collect()
}

fn missing() -> Vec<&'static Program> {
    PROGRAMS
        .iter()
        .filter(|program| program.version().is_none())
        .collect()
}

fn please_install(missing: &[&Program]) -> String {
    let names: Vec<&str> = missing.iter().map(|program| program.name).collect();
    let packages: Vec<&str> = missing
        .iter()
        .map(|program| program.debian_package)
        .collect();
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

fn output(line: &[&str]) -> Option<String> {
    let output = Command::new(line[0])
        .args(&line[1..])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

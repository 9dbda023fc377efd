//! A server that was killed starts again where it was.

use std::net::{Ipv4Addr, TcpStream};

use xtask::{Durability, Engine, Folder, MARIADB, POSTGRES, Server};

fn outlives_being_killed(engine: &'static Engine) {
    let folder = Folder::create().unwrap();
    let mut server = Server::start(engine, folder.path(), Durability::Fsync).unwrap();
    let url = server.url();
    let (_, port) = url.rsplit_once(':').unwrap();
    let port: u16 = port.split('/').next().unwrap().parse().unwrap();
    for _ in 0..3 {
        // Served by a process of its own, on PostgreSQL.
        let _client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        server.kill().unwrap();
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(), "nobody is left");
        server.restart().unwrap();
        assert_eq!(server.url(), url);
    }
}

#[test]
fn a_killed_postgres_starts_again_at_once() {
    outlives_being_killed(&POSTGRES);
}

#[test]
fn a_killed_mysql_starts_again_at_once() {
    outlives_being_killed(&MARIADB);
}

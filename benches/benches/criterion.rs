//! Single figures: the token by itself, and each operation on the memory store and on SQLite.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use invite_benches::{Membership, Page, Side, Subject, address, new, sqlite::Database};
use invite_core::{
    Accepted, Actor, Claimant, InvitationQuery, Invitations, Policy, SystemRandom, Token, TokenFormat, Unchecked,
    memory::{Memory, MemoryStore},
    testing,
};
use sqlx::sqlite::SqliteSynchronous;
use tokio::runtime::Runtime;

fn tokens(c: &mut Criterion) {
    let mut group = c.benchmark_group("token");
    let draw = || testing::draw_token(&SystemRandom, TokenFormat::Prefixed).expect("randomness");
    let token = draw();
    let text = token.expose_secret().to_owned();
    let stored = testing::digest::<Membership>(&token);
    group.bench_function("generate", |b| b.iter(draw));
    group.bench_function("parse", |b| b.iter(|| black_box(&text).parse::<Token>()));
    group.bench_function("digest", |b| b.iter(|| testing::digest::<Membership>(black_box(&token))));
    group.bench_function("check", |b| {
        b.iter(|| {
            let presented: Token = black_box(&text).parse().expect("token");
            testing::digest::<Membership>(&presented).matches(black_box(&stored))
        });
    });
    group.finish();
}

fn memory(c: &mut Criterion) {
    let runtime = runtime();
    let mut group = c.benchmark_group("memory");
    let memory = Memory::default();
    let members = Invitations::<_, Membership>::new(MemoryStore, Policy::default(), Unchecked);
    let admin = Actor::new(1);
    let mut n = 0;
    let create = async |n: u64| {
        let mut tx = memory.begin().await;
        let id = members.scope(n / 100).create(&mut tx, &admin, new(n)).await.expect("create").id;
        tx.commit();
        id
    };
    let mut invited = || {
        n += 1;
        runtime.block_on(async {
            let id = create(n).await;
            let mut tx = memory.begin().await;
            let token = testing::deliver(&members, &mut tx, id).await.expect("token");
            tx.commit();
            (n, token)
        })
    };
    let (_, token) = invited();
    group.bench_function("preview", |b| {
        b.iter(|| runtime.block_on(members.preview(&mut memory.connection(), &token)).expect("preview"));
    });
    group.bench_function("accept", |b| {
        b.iter_batched(
            &mut invited,
            |(n, token)| {
                runtime.block_on(async {
                    let mut tx = memory.begin().await;
                    let claimant = Claimant::new(n).verified(&address(n));
                    let accepted = members.accept(&mut tx, &token, &claimant).await.expect("accept");
                    assert!(matches!(accepted, Accepted::Now(_)));
                    tx.commit();
                });
            },
            BatchSize::SmallInput,
        );
    });
    let mut fresh = 1 << 40;
    group.bench_function("create", |b| {
        b.iter(|| {
            fresh += 1;
            runtime.block_on(create(fresh))
        });
    });
    let few = Memory::default();
    runtime.block_on(async {
        let mut tx = few.begin().await;
        for n in 0..100 {
            members.scope(7).create(&mut tx, &admin, new(n)).await.expect("create");
        }
        tx.commit();
    });
    group.bench_function("list", |b| {
        b.iter(|| runtime.block_on(members.scope(7).list(&mut few.connection(), &admin, &InvitationQuery::new())));
    });
    group.finish();
}

fn sqlite(c: &mut Criterion) {
    let runtime = runtime();
    for (name, synchronous) in [("normal", SqliteSynchronous::Normal), ("full", SqliteSynchronous::Full)] {
        let mut group = c.benchmark_group(format!("sqlite/{name}"));
        group.sample_size(20);
        let database = runtime.block_on(Database::new(synchronous));
        let mut n = 0;
        let mut invited = || {
            n += 1;
            (n, runtime.block_on(database.invited(n, 1)).remove(0))
        };
        runtime.block_on(database.fill(1_000));
        let (_, token) = invited();
        group.bench_function("preview", |b| b.iter(|| runtime.block_on(database.preview(Side::Library, &token))));
        group.bench_function("list", |b| b.iter(|| runtime.block_on(database.list(Side::Library, Page::First))));
        group.bench_function("accept", |b| {
            b.iter_batched(
                &mut invited,
                |(n, token)| runtime.block_on(database.accept(Side::Library, &token, n)),
                BatchSize::SmallInput,
            );
        });
        let mut fresh = 1 << 40;
        group.bench_function("create", |b| {
            b.iter(|| {
                fresh += 1;
                runtime.block_on(database.create(Side::Library, fresh));
            });
        });
        group.finish();
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

criterion_group!(benches, tokens, memory, sqlite);
criterion_main!(benches);

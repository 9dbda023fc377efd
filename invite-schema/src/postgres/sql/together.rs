//! The parts of PostgreSQL's statements about many rows at once.

/// Changes of one sort to the rows of `:ids`, which are sorted. They are locked in that order first: the server would
/// lock them in the order in which it finds them, and two calls about the same rows would wait for each other.
macro_rules! by_ids {
    ($set:expr) => {
        concat!(
            "WITH asked AS MATERIALIZED (
                 SELECT a.id, a.letter FROM unnest(:ids::uuid[], :letters::uuid[]) AS a (id, letter)
             ), held AS MATERIALIZED (
                 SELECT h.id FROM invite_invitations AS h WHERE h.id = ANY (:ids::uuid[]) ORDER BY h.id FOR UPDATE
             ), changed AS (UPDATE invite_invitations AS i SET ",
            $set,
            " FROM asked AS a, (SELECT NULL::text AS channel) AS t
              WHERE i.id = ANY (ARRAY(SELECT held.id FROM held)) AND a.id = i.id
                AND (:scope::text IS NULL OR i.scope = :scope)",
            guard!(),
            " RETURNING ",
            stored!("i"),
            ", a.letter",
            logged!(),
            ", queued AS (
                 INSERT INTO invite_outbox
                 (id, kind, invitation, generation, purpose, priority, scope, domain, not_before, ready)
                 SELECT letter, kind, id, generation, :purpose, :priority, scope, ",
            domain!("inviter_address", "recipient"),
            ", :not_before, :not_before <= :at FROM changed WHERE letter IS NOT NULL
                    AND (:purpose::text NOT IN ('accepted', 'rejected', 'expired', 'delivery_failed') OR inviter_address IS NOT NULL)
             ) SELECT ",
            columns!("changed"),
            " FROM changed",
            letter!("changed")
        )
    };
}

/// What several keys lead to, with the key of each.
macro_rules! find_all {
    ($key:literal, $where:literal) => {
        concat!("SELECT ", columns!("i"), ", ", $key, " FROM invite_invitations AS i", letter!("i"), " WHERE ", $where)
    };
}

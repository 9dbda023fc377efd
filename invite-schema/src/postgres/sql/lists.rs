//! The parts of the statements that list and count.

/// The columns that a list shows, in the order `row` reads them.
macro_rules! shown {
    () => {
        "i.id, i.recipient_given, i.recipient, i.inviter, i.label, i.facet, i.import, i.status, i.created_at, i.expires_at,
         i.resent_at, i.viewed_at, i.ended_at, i.delivery_id, l.state, l.attempts, l.error, l.fault"
    };
}

/// The status as seen now: an open invitation past its time counts as expired.
macro_rules! seen {
    () => {
        "CASE WHEN i.status IN ('pending', 'delivery_failed') AND i.expires_at <= :now THEN 'expired' ELSE i.status END"
    };
}

/// Where a letter stands of which `$state` is known.
macro_rules! stands {
    ($state:literal) => {
        concat!("COALESCE(", $state, ", CASE WHEN i.delivery_id IS NULL THEN 'not_mailed' ELSE 'queued' END)")
    };
}

/// The filters that look at the invitation's own row. Of the collation "C", `lower` knows the letters `A` to `Z`.
macro_rules! own_filters {
    () => {
        concat!(
            "(cardinality(:statuses::text[]) = 0 OR ",
            seen!(),
            " = ANY (:statuses))
             AND (:search::text IS NULL OR strpos(i.recipient, :search) > 0
                  OR strpos(lower(i.label COLLATE \"C\"), :search) > 0)
             AND (:facet::text IS NULL OR i.facet = :facet)
             AND (:inviter::text IS NULL OR i.inviter = :inviter)
             AND (:expiring_until::timestamptz IS NULL
                  OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > :now
                      AND i.expires_at <= :expiring_until))"
        )
    };
}

/// The same, for lists that are asked for often and mostly without any of them.
///
/// The server takes a condition on a value that may be null for one that few rows meet. It then plans each call anew, for
/// the values at hand. Of a `CASE` it expects half of the rows, and keeps one plan for all calls.
macro_rules! filters {
    () => {
        concat!(" AND CASE WHEN :unfiltered::boolean THEN true ELSE ", own_filters!(), " END")
    };
}

/// The same, and those that look at the letter. They stand in statements of their own: the server would plan the others
/// anew at each call, because it expects that each row's letter is read.
macro_rules! letter_filters {
    () => {
        concat!(
            " AND ",
            own_filters!(),
            " AND (cardinality(:deliveries::text[]) = 0 OR ",
            stands!("(SELECT k.state FROM invite_letters AS k WHERE k.id = i.delivery_id)"),
            " = ANY (:deliveries))
              AND (:fault::text IS NULL OR (SELECT k.fault FROM invite_letters AS k WHERE k.id = i.delivery_id) = :fault)"
        )
    };
}

macro_rules! created_in_period {
    () => {
        " AND i.created_at >= :created_from AND i.created_at < :created_until"
    };
}

/// The rows of a scope.
macro_rules! of_scope {
    () => {
        concat!("invite_invitations AS i WHERE i.kind = :kind AND i.scope = :scope", created_in_period!())
    };
}

/// The rows of an import. `OFFSET 0` has the server find all of them by their index before it looks at the order: for a
/// limit it would rather walk through the scope until it has met enough.
macro_rules! of_import {
    () => {
        concat!(
            "(SELECT i.* FROM invite_invitations AS i
               WHERE i.kind = :kind AND i.scope = :scope AND i.import = :import OFFSET 0) AS i WHERE true",
            created_in_period!()
        )
    };
}

/// The rows of all scopes, by their ids. `IS TRUE` keeps the server from walking through all of a kind, or all of a time,
/// in the index of the lists.
macro_rules! of_all_scopes {
    () => {
        "invite_invitations AS i WHERE i.id > :low AND i.id < :high AND (i.kind = :kind) IS TRUE
              AND (:import::text IS NULL OR i.import = :import)
              AND (i.created_at >= :created_from AND i.created_at < :created_until) IS TRUE"
    };
}

/// A page of at most 201 rows. The number is in the text because the server takes an unknown limit for a tenth of all
/// rows. Letters are looked up for the rows of the page only.
macro_rules! page {
    ($columns:expr, $rows:expr, $seek:expr, $filters:expr, $order:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM (SELECT i.* FROM ",
            $rows,
            $seek,
            $filters,
            " ORDER BY ",
            $order,
            " LIMIT 201) AS i",
            letter!("i"),
            " ORDER BY ",
            $order,
            " LIMIT :limit"
        )
    };
}

// Where no row is named to begin after, one before the first or behind the last serves.

macro_rules! newest_first {
    ($columns:expr, $rows:expr, $filters:expr) => {
        page!(
            $columns,
            $rows,
            " AND (i.created_at, i.id) < (:after_at, :after_id)",
            $filters,
            "i.created_at DESC, i.id DESC"
        )
    };
}

macro_rules! oldest_first {
    ($columns:expr, $rows:expr, $filters:expr) => {
        page!($columns, $rows, " AND (i.created_at, i.id) > (:after_at, :after_id)", $filters, "i.created_at, i.id")
    };
}

macro_rules! expires_first {
    ($columns:expr, $rows:expr, $filters:expr) => {
        page!($columns, $rows, " AND (i.expires_at, i.id) > (:after_at, :after_id)", $filters, "i.expires_at, i.id")
    };
}

// In the index of the addresses those of all scopes stand, and the server would walk through it.
macro_rules! by_address {
    ($columns:expr, $rows:expr, $filters:expr) => {
        page!(
            $columns,
            $rows,
            " AND (i.recipient || '', i.id) > (:after_address, :after_id)",
            $filters,
            "i.recipient || '', i.id"
        )
    };
}

/// The counts of these rows: by status, letter and time to acceptance; the most frequent facets; by day. A day has 24
/// hours here, whatever the time zone of the session.
macro_rules! stats {
    ($rows:expr) => {
        concat!(
            "WITH matched AS MATERIALIZED (
                 SELECT ",
            seen!(),
            " AS status, ",
            stands!("l.state"),
            " AS state, i.facet, i.created_at, CASE WHEN i.status = 'accepted' THEN i.ended_at END AS accepted_at
                 FROM (SELECT i.* FROM ",
            $rows,
            " AND CASE WHEN :unfiltered::boolean THEN true
                       ELSE (:facet::text IS NULL OR i.facet = :facet)
                            AND (:inviter::text IS NULL OR i.inviter = :inviter) END) AS i",
            letter!("i"),
            ")
             SELECT 1::bigint AS part, status AS word, state, took AS number, count(*), count(facet),
                    COALESCE(sum(seconds), 0)::bigint
             FROM (
                 SELECT status, state, facet,
                     CASE WHEN accepted_at <= created_at + interval '1 hour' THEN 0::bigint
                          WHEN accepted_at <= created_at + interval '24 hours' THEN 1
                          WHEN accepted_at <= created_at + interval '72 hours' THEN 2
                          WHEN accepted_at <= created_at + interval '168 hours' THEN 3
                          WHEN accepted_at <= created_at + interval '720 hours' THEN 4
                          WHEN accepted_at IS NOT NULL THEN 5 END AS took,
                     GREATEST(floor(extract(epoch FROM accepted_at - created_at))::bigint, 0) AS seconds
                 FROM matched
             ) AS m GROUP BY status, state, took
             UNION ALL SELECT * FROM (
                 SELECT 2::bigint, facet, NULL::text, NULL::bigint, count(*), 0::bigint, 0::bigint
                 FROM matched WHERE facet IS NOT NULL GROUP BY facet ORDER BY count(*) DESC, facet LIMIT 100
             ) AS f
             UNION ALL SELECT 3::bigint, NULL::text, NULL::text,
                    floor(extract(epoch FROM created_at - :begin) / 86400)::bigint AS day, count(*), 0::bigint, 0::bigint
             FROM matched WHERE created_at >= :begin::timestamptz AND created_at < :end::timestamptz GROUP BY day
             UNION ALL SELECT 4::bigint, NULL::text, NULL::text,
                    floor(extract(epoch FROM accepted_at - :begin) / 86400)::bigint AS day, count(*), 0::bigint, 0::bigint
             FROM matched WHERE accepted_at >= :begin AND accepted_at < :end GROUP BY day"
        )
    };
}

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

/// The filters of a list, and its period. `lower` knows the letters `A` to `Z`; `:deliveries` is a JSON array.
macro_rules! filters {
    ($state:literal, $fault:literal) => {
        concat!(
            " AND (:any_status OR ",
            seen!(),
            " IN (:status_1, :status_2, :status_3, :status_4, :status_5, :status_6))
              AND (:search IS NULL OR instr(i.recipient, :search) > 0 OR instr(lower(i.label), :search) > 0)
              AND (:facet IS NULL OR i.facet = :facet)
              AND (:inviter IS NULL OR i.inviter = :inviter)
              AND (:expiring_until IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > :now AND i.expires_at <= :expiring_until))
              AND (:any_delivery OR instr(:deliveries, '\"' || ",
            stands!($state),
            " || '\"') > 0) AND (:fault IS NULL OR ",
            $fault,
            " = :fault)"
        )
    };
}

/// The filters where no letter is joined.
macro_rules! filters_by_id {
    () => {
        filters!(
            "(SELECT k.state FROM invite_letters AS k WHERE k.id = i.delivery_id)",
            "(SELECT k.fault FROM invite_letters AS k WHERE k.id = i.delivery_id)"
        )
    };
}

// SQLite would plan these anew at every call, for the very values that are bound: for a limit always, for
// what is compared once the tables are analysed. A `+` before a value keeps it from looking at it. The
// plan is the same.

/// The rows of a scope.
macro_rules! of_scope {
    () => {
        "i.kind = +:kind AND i.scope = +:scope AND i.created_at >= +:created_from AND i.created_at < +:created_until"
    };
}

/// The same for a page that begins at a place in the order of their creation: one end of the period is before or behind
/// it, and only the other is looked for in the index. Given both, SQLite would not look for the place.
macro_rules! of_scope_from {
    (newest) => {
        "i.kind = +:kind AND i.scope = +:scope AND i.created_at >= +:created_from AND +i.created_at < +:created_until
         AND (i.created_at, i.id) < (+:after_at, +:after_id)"
    };
    (oldest) => {
        "i.kind = +:kind AND i.scope = +:scope AND +i.created_at >= +:created_from AND i.created_at < +:created_until
         AND (i.created_at, i.id) > (+:after_at, +:after_id)"
    };
}

/// The rows of an import. Of the time of creation the index of the lists must not be thought of, as it could be for a
/// scope.
macro_rules! of_import {
    () => {
        "i.kind = +:kind AND i.scope = +:scope AND i.import = +:import
         AND +i.created_at >= +:created_from AND +i.created_at < +:created_until"
    };
}

/// The rows of all scopes, by their ids.
macro_rules! of_all_scopes {
    () => {
        "i.id > +:low AND i.id < +:high AND +i.kind = :kind AND (:import IS NULL OR i.import = :import)
         AND i.created_at >= +:created_from AND i.created_at < +:created_until"
    };
}

/// A list in an order with an index.
macro_rules! list {
    ($columns:expr, $rows:expr, $order:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM invite_invitations AS i",
            letter!(),
            " WHERE ",
            $rows,
            filters!("l.state", "l.fault"),
            " ORDER BY ",
            $order,
            " LIMIT +:limit"
        )
    };
}

/// A list in an order without an index. Its letters are looked up when it is known which rows it shows.
macro_rules! list_sorted {
    ($columns:expr, $rows:expr, $order:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM (SELECT i.* FROM invite_invitations AS i WHERE ",
            $rows,
            filters_by_id!(),
            " ORDER BY ",
            $order,
            " LIMIT +:limit) AS i",
            letter!(),
            " ORDER BY ",
            $order
        )
    };
}

/// The counts of these rows: by status, letter and time to acceptance; the most frequent facets; by day.
macro_rules! stats {
    ($rows:expr) => {
        concat!(
            "WITH matched AS MATERIALIZED (
                 SELECT ",
            seen!(),
            " AS status, ",
            stands!("l.state"),
            " AS state, i.facet, i.created_at, CASE WHEN i.status = 'accepted' THEN i.ended_at END AS accepted_at
                 FROM invite_invitations AS i",
            letter!(),
            " WHERE ",
            $rows,
            " AND (:facet IS NULL OR i.facet = :facet) AND (:inviter IS NULL OR i.inviter = :inviter)
             )
             SELECT 1, status, state, took, count(*), count(facet), COALESCE(sum(seconds), 0)
             FROM (
                 SELECT status, state, facet,
                     CASE WHEN accepted_at - created_at <= 3600000000 THEN 0
                          WHEN accepted_at - created_at <= 86400000000 THEN 1
                          WHEN accepted_at - created_at <= 259200000000 THEN 2
                          WHEN accepted_at - created_at <= 604800000000 THEN 3
                          WHEN accepted_at - created_at <= 2592000000000 THEN 4
                          WHEN accepted_at IS NOT NULL THEN 5 END AS took,
                     max((accepted_at - created_at) / 1000000, 0) AS seconds
                 FROM matched
             ) AS m GROUP BY status, state, took
             UNION ALL SELECT * FROM (
                 SELECT 2, facet, NULL, NULL, count(*), 0, 0
                 FROM matched WHERE facet IS NOT NULL GROUP BY facet ORDER BY count(*) DESC, facet LIMIT 100
             ) AS f
             UNION ALL SELECT 3, NULL, NULL, (created_at - :begin) / 86400000000 AS day, count(*), 0, 0
             FROM matched WHERE created_at >= :begin AND created_at < :end GROUP BY day
             UNION ALL SELECT 4, NULL, NULL, (accepted_at - :begin) / 86400000000 AS day, count(*), 0, 0
             FROM matched WHERE accepted_at >= :begin AND accepted_at < :end GROUP BY day"
        )
    };
}

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

/// Text with `a` to `z` for `A` to `Z`. `LOWER` changes all letters, each server and version other ones.
macro_rules! lower {
    ($text:literal) => {
        lower!(@ $text, "A" "a" "B" "b" "C" "c" "D" "d" "E" "e" "F" "f" "G" "g" "H" "h" "I" "i" "J" "j" "K" "k" "L" "l" "M" "m"
            "N" "n" "O" "o" "P" "p" "Q" "q" "R" "r" "S" "s" "T" "t" "U" "u" "V" "v" "W" "w" "X" "x" "Y" "y" "Z" "z")
    };
    (@ $text:literal, $($large:literal $small:literal)*) => {
        concat!($("REPLACE(", lower!(= $large)),*, $text, $(", '", $large, "', '", $small, "')"),*)
    };
    (= $large:literal) => { "" };
}

/// The filters of a list. `:deliveries` is a JSON array.
macro_rules! filters {
    ($state:literal, $fault:literal) => {
        concat!(
            " AND (:any_status OR ",
            seen!(),
            " IN (:status_1, :status_2, :status_3, :status_4, :status_5, :status_6))
              AND (:search IS NULL OR LOCATE(CAST(:search AS BINARY), CAST(i.recipient AS BINARY)) > 0
                   OR LOCATE(CAST(:search AS BINARY), ",
            lower!("CAST(i.label AS BINARY)"),
            ") > 0)
              AND (:facet IS NULL OR i.facet = :facet)
              AND (:inviter IS NULL OR CAST(i.inviter AS BINARY) = :inviter)
              AND (:expiring_until IS NULL OR (i.status IN ('pending', 'delivery_failed') AND i.expires_at > :now AND i.expires_at <= :expiring_until))
              AND (:any_delivery OR JSON_CONTAINS(:deliveries, JSON_QUOTE(",
            stands!($state),
            "))) AND (:fault IS NULL OR ",
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

/// The rows of a scope.
macro_rules! of_scope {
    () => {
        " WHERE i.kind = :kind AND i.scope = :scope AND i.created_at >= :created_from AND i.created_at < :created_until"
    };
}

// The indexes of the lists and of the imports begin alike, and the server cannot tell which is better.

/// The rows of a scope, by their index.
macro_rules! by_scope {
    () => {
        concat!(" FORCE INDEX (invite_invitations_list)", of_scope!())
    };
}

/// The rows of an import.
macro_rules! of_import {
    () => {
        concat!(" FORCE INDEX (invite_invitations_import)", of_scope!(), " AND i.import = :import")
    };
}

/// The rows of all scopes, by their ids.
macro_rules! of_all_scopes {
    () => {
        " WHERE i.id > :low AND i.id < :high AND i.kind = :kind AND (:import IS NULL OR i.import = :import)
           AND i.created_at >= :created_from AND i.created_at < :created_until"
    };
}

// The server does not use an index for `(a, b) > (?, ?)`, and does for what it means.

/// A list in an order with an index.
macro_rules! list {
    ($columns:expr, $index:literal, $rows:expr, $order:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM invite_invitations AS i",
            $index,
            letter!(),
            $rows,
            filters!("l.state", "l.fault"),
            " ORDER BY ",
            $order,
            " LIMIT :limit"
        )
    };
}

/// A list in an order without an index. Its letters are looked up when it is known which rows it shows.
macro_rules! list_sorted {
    ($columns:expr, $rows:expr, $seek:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM (SELECT i.* FROM invite_invitations AS i",
            $rows,
            $seek,
            filters_by_id!(),
            " ORDER BY ",
            $order,
            " LIMIT :limit) AS i",
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
            "WITH matched AS (
                 SELECT ",
            seen!(),
            " AS status, ",
            stands!("(SELECT k.state FROM invite_letters AS k WHERE k.id = i.delivery_id)"),
            " AS state, i.facet, i.created_at, CASE WHEN i.status = 'accepted' THEN i.ended_at END AS accepted_at
                 FROM invite_invitations AS i",
            $rows,
            " AND (:facet IS NULL OR i.facet = :facet)
                  AND (:inviter IS NULL OR CAST(i.inviter AS BINARY) = :inviter)
             )
             SELECT CAST(1 AS SIGNED) AS part, CAST(status AS BINARY) AS word, state, took AS number, COUNT(*) AS counted,
                    COUNT(facet) AS with_facet, CAST(COALESCE(SUM(seconds), 0) AS SIGNED) AS seconds
             FROM (
                 SELECT status, state, facet,
                     CAST(CASE WHEN TIMESTAMPDIFF(MICROSECOND, created_at, accepted_at) <= 3600000000 THEN 0
                          WHEN TIMESTAMPDIFF(MICROSECOND, created_at, accepted_at) <= 86400000000 THEN 1
                          WHEN TIMESTAMPDIFF(MICROSECOND, created_at, accepted_at) <= 259200000000 THEN 2
                          WHEN TIMESTAMPDIFF(MICROSECOND, created_at, accepted_at) <= 604800000000 THEN 3
                          WHEN TIMESTAMPDIFF(MICROSECOND, created_at, accepted_at) <= 2592000000000 THEN 4
                          WHEN accepted_at IS NOT NULL THEN 5 END AS SIGNED) AS took,
                     GREATEST(TIMESTAMPDIFF(SECOND, created_at, accepted_at), 0) AS seconds
                 FROM matched
             ) AS m GROUP BY status, state, took
             UNION ALL SELECT * FROM (
                 SELECT 2, facet, NULL AS state, NULL AS number, COUNT(*) AS counted, 0 AS with_facet, 0 AS seconds
                 FROM matched WHERE facet IS NOT NULL GROUP BY facet ORDER BY COUNT(*) DESC, facet LIMIT 100
             ) AS f
             UNION ALL SELECT 3, NULL, NULL, CAST(DATEDIFF(created_at, :begin) AS SIGNED) AS day, COUNT(*), 0, 0
             FROM matched WHERE created_at >= :begin AND created_at < :end GROUP BY day
             UNION ALL SELECT 4, NULL, NULL, CAST(DATEDIFF(accepted_at, :begin) AS SIGNED) AS day, COUNT(*), 0, 0
             FROM matched WHERE accepted_at >= :begin AND accepted_at < :end GROUP BY day"
        )
    };
}

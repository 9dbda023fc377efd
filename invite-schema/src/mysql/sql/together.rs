//! The parts of MySQL's statements about many rows at once.
//!
//! The indexes are named, because the server reads a small table whole, and then locks all of it.

/// The invitations of the JSON array `:ids`.
macro_rules! these_invitations {
    () => {
        "JSON_TABLE(:ids, '$[*]' COLUMNS (id CHAR(32) PATH '$.id', letter CHAR(32) PATH '$.letter')) AS a
         STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (PRIMARY) ON i.id = UNHEX(a.id)"
    };
}

/// Deletes the rows of a table that belong to the invitations of the JSON array `:ids`.
macro_rules! forget {
    ($table:literal, $index:literal) => {
        concat!(
            "DELETE d FROM JSON_TABLE(:ids, '$[*]' COLUMNS (id CHAR(32) PATH '$.id')) AS a STRAIGHT_JOIN ",
            $table,
            " AS d FORCE INDEX (",
            $index,
            ") ON d.invitation = UNHEX(a.id)"
        )
    };
}

/// The columns of the objects in the JSON array `:rows`.
macro_rules! new_rows {
    () => {
        "JSON_TABLE(:rows, '$[*]' COLUMNS (
             id CHAR(32) PATH '$.id', kind VARCHAR(64) PATH '$.kind', scope VARCHAR(200) PATH '$.scope',
             recipient_given VARCHAR(254) PATH '$.recipient_given', recipient VARCHAR(254) PATH '$.recipient',
             inviter VARCHAR(210) PATH '$.inviter', payload LONGTEXT PATH '$.payload',
             display LONGTEXT PATH '$.display', message TEXT PATH '$.message', locale VARCHAR(35) PATH '$.locale',
             status VARCHAR(20) PATH '$.status', generation INT UNSIGNED PATH '$.generation',
             min_generation INT UNSIGNED PATH '$.min_generation', revision INT UNSIGNED PATH '$.revision',
             open_key CHAR(64) PATH '$.open_key', created_at DATETIME(6) PATH '$.created_at',
             expires_at DATETIME(6) PATH '$.expires_at', inviter_address VARCHAR(254) PATH '$.inviter_address',
             delivery_id CHAR(32) PATH '$.delivery_id', remind_at DATETIME(6) PATH '$.remind_at',
             label VARCHAR(200) PATH '$.label', facet VARCHAR(64) PATH '$.facet', import VARCHAR(64) PATH '$.import',
             idempotency_key CHAR(64) PATH '$.idempotency_key', request_digest CHAR(64) PATH '$.request_digest',
             renews CHAR(32) PATH '$.renews', event VARCHAR(20) PATH '$.event', actor VARCHAR(210) PATH '$.actor',
             reason VARCHAR(200) PATH '$.reason', at DATETIME(6) PATH '$.at', letter CHAR(32) PATH '$.letter',
             purpose VARCHAR(20) PATH '$.purpose', priority INT UNSIGNED PATH '$.priority',
             domain VARCHAR(254) PATH '$.domain', not_before DATETIME(6) PATH '$.not_before',
             ready INT UNSIGNED PATH '$.ready', token CHAR(64) PATH '$.token', channel VARCHAR(8) PATH '$.channel')) AS a"
    };
}

/// What several keys of the JSON array `:keys` lead to, with the key of each.
macro_rules! find_all {
    ($key:literal, $index:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", ",
            $key,
            " FROM JSON_TABLE(:keys, '$[*]' COLUMNS (looked_for CHAR(64) PATH '$')) AS a
              STRAIGHT_JOIN invite_invitations AS i FORCE INDEX (",
            $index,
            ") ON ",
            $key,
            " = UNHEX(a.looked_for)",
            letter!()
        )
    };
}

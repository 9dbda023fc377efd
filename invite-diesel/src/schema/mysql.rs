//! The tables in MySQL and MariaDB. Ids are the 16 bytes of a UUID, times are UTC.

#![expect(clippy::exhaustive_structs, reason = "the macro of diesel writes them")]

diesel::table! {
    use diesel::sql_types::*;

    /// The invitations.
    invite_invitations (id) {
        /// `id`
        id -> Binary,
        /// `kind`
        kind -> Text,
        /// `scope`
        scope -> Binary,
        /// `recipient_given`
        recipient_given -> Text,
        /// `recipient`
        recipient -> Binary,
        /// `inviter`
        inviter -> Text,
        /// `payload`
        payload -> Text,
        /// `display`
        display -> Text,
        /// `message`
        message -> Nullable<Text>,
        /// `locale`
        locale -> Nullable<Text>,
        /// `status`
        status -> Text,
        /// `ended_at`
        ended_at -> Nullable<Datetime>,
        /// `ended_by`
        ended_by -> Nullable<Text>,
        /// `ended_reason`
        ended_reason -> Nullable<Text>,
        /// `address_proved`
        address_proved -> Bool,
        /// `generation`
        generation -> Unsigned<Integer>,
        /// `min_generation`
        min_generation -> Unsigned<Integer>,
        /// `grace_until`
        grace_until -> Nullable<Datetime>,
        /// `revision`
        revision -> Unsigned<Integer>,
        /// `open_key`
        open_key -> Nullable<Binary>,
        /// `created_at`
        created_at -> Datetime,
        /// `expires_at`
        expires_at -> Datetime,
        /// `resent_at`
        resent_at -> Nullable<Datetime>,
        /// `viewed_at`
        viewed_at -> Nullable<Datetime>,
        /// `inviter_address`
        inviter_address -> Nullable<Text>,
        /// `delivery_id`
        delivery_id -> Nullable<Binary>,
        /// `remind_at`
        remind_at -> Nullable<Datetime>,
        /// `reminded`
        reminded -> Nullable<Unsigned<Integer>>,
        /// `label`
        label -> Nullable<Text>,
        /// `facet`
        facet -> Nullable<Binary>,
        /// `import`
        import -> Nullable<Binary>,
        /// `renews`
        renews -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    /// Digests of tokens, never a token.
    invite_tokens (digest) {
        /// `digest`
        digest -> Binary,
        /// `invitation`
        invitation -> Binary,
        /// `generation`
        generation -> Unsigned<Integer>,
        /// `channel`
        channel -> Text,
        /// `created_at`
        created_at -> Datetime,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    /// Letters still to be mailed.
    invite_outbox (id) {
        /// `id`
        id -> Binary,
        /// `kind`
        kind -> Text,
        /// `invitation`
        invitation -> Binary,
        /// `generation`
        generation -> Unsigned<Integer>,
        /// `purpose`
        purpose -> Text,
        /// `priority`
        priority -> Unsigned<Integer>,
        /// `scope`
        scope -> Binary,
        /// `domain`
        domain -> Binary,
        /// `not_before`
        not_before -> Datetime,
        /// `ready`
        ready -> Bool,
        /// `attempt`
        attempt -> Unsigned<Integer>,
        /// `refusals`
        refusals -> Unsigned<Integer>,
        /// `unknowns`
        unknowns -> Unsigned<Integer>,
        /// `lease_owner`
        lease_owner -> Nullable<Binary>,
        /// `lease_until`
        lease_until -> Nullable<Datetime>,
        /// `last_error`
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    /// What became of letters.
    invite_letters (id) {
        /// `id`
        id -> Binary,
        /// `invitation`
        invitation -> Binary,
        /// `state`
        state -> Text,
        /// `attempts`
        attempts -> Unsigned<Integer>,
        /// `error`
        error -> Nullable<Text>,
        /// `fault`
        fault -> Nullable<Text>,
        /// `provider_id`
        provider_id -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    /// What happened.
    invite_events (id) {
        /// `id`
        id -> Unsigned<BigInt>,
        /// `invitation`
        invitation -> Binary,
        /// `revision`
        revision -> Unsigned<Integer>,
        /// `action`
        action -> Text,
        /// `actor`
        actor -> Text,
        /// `reason`
        reason -> Nullable<Text>,
        /// `at`
        at -> Datetime,
    }
}

diesel::table! {
    /// Which migrations ran.
    invite_migrations (version) {
        /// `version`
        version -> Unsigned<Integer>,
        /// `checksum`
        checksum -> Text,
        /// `compatible_since`
        compatible_since -> Unsigned<Integer>,
    }
}

diesel::joinable!(invite_tokens -> invite_invitations (invitation));
diesel::joinable!(invite_outbox -> invite_invitations (invitation));
diesel::joinable!(invite_letters -> invite_invitations (invitation));
diesel::joinable!(invite_events -> invite_invitations (invitation));
diesel::allow_tables_to_appear_in_same_query!(
    invite_invitations,
    invite_tokens,
    invite_outbox,
    invite_letters,
    invite_events,
);

//! The tables in SQLite. Ids are the 16 bytes of a UUID, times microseconds since 1970, UTC.

#![expect(clippy::exhaustive_structs, reason = "the macro of diesel writes them")]

diesel::table! {
    /// The invitations.
    invite_invitations (id) {
        /// `id`
        id -> Binary,
        /// `kind`
        kind -> Text,
        /// `scope`
        scope -> Text,
        /// `recipient_given`
        recipient_given -> Text,
        /// `recipient`
        recipient -> Text,
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
        ended_at -> Nullable<BigInt>,
        /// `ended_by`
        ended_by -> Nullable<Text>,
        /// `ended_reason`
        ended_reason -> Nullable<Text>,
        /// `address_proved`
        address_proved -> Bool,
        /// `generation`
        generation -> BigInt,
        /// `min_generation`
        min_generation -> BigInt,
        /// `grace_until`
        grace_until -> Nullable<BigInt>,
        /// `revision`
        revision -> BigInt,
        /// `open_key`
        open_key -> Nullable<Binary>,
        /// `created_at`
        created_at -> BigInt,
        /// `expires_at`
        expires_at -> BigInt,
        /// `resent_at`
        resent_at -> Nullable<BigInt>,
        /// `viewed_at`
        viewed_at -> Nullable<BigInt>,
        /// `inviter_address`
        inviter_address -> Nullable<Text>,
        /// `delivery_id`
        delivery_id -> Nullable<Binary>,
        /// `remind_at`
        remind_at -> Nullable<BigInt>,
        /// `reminded`
        reminded -> Nullable<BigInt>,
        /// `label`
        label -> Nullable<Text>,
        /// `facet`
        facet -> Nullable<Text>,
        /// `import`
        import -> Nullable<Text>,
        /// `renews`
        renews -> Nullable<Binary>,
    }
}

diesel::table! {
    /// Digests of tokens, never a token.
    invite_tokens (digest) {
        /// `digest`
        digest -> Binary,
        /// `invitation`
        invitation -> Binary,
        /// `generation`
        generation -> BigInt,
        /// `channel`
        channel -> Text,
        /// `created_at`
        created_at -> BigInt,
    }
}

diesel::table! {
    /// Letters still to be mailed.
    invite_outbox (id) {
        /// `id`
        id -> Binary,
        /// `kind`
        kind -> Text,
        /// `invitation`
        invitation -> Binary,
        /// `generation`
        generation -> BigInt,
        /// `purpose`
        purpose -> Text,
        /// `priority`
        priority -> BigInt,
        /// `scope`
        scope -> Text,
        /// `domain`
        domain -> Text,
        /// `not_before`
        not_before -> BigInt,
        /// `ready`
        ready -> Bool,
        /// `attempt`
        attempt -> BigInt,
        /// `refusals`
        refusals -> BigInt,
        /// `unknowns`
        unknowns -> BigInt,
        /// `lease_owner`
        lease_owner -> Nullable<Binary>,
        /// `lease_until`
        lease_until -> Nullable<BigInt>,
        /// `last_error`
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    /// What became of letters.
    invite_letters (id) {
        /// `id`
        id -> Binary,
        /// `invitation`
        invitation -> Binary,
        /// `state`
        state -> Text,
        /// `attempts`
        attempts -> BigInt,
        /// `error`
        error -> Nullable<Text>,
        /// `fault`
        fault -> Nullable<Text>,
        /// `provider_id`
        provider_id -> Nullable<Text>,
    }
}

diesel::table! {
    /// What happened.
    invite_events (id) {
        /// `id`
        id -> BigInt,
        /// `invitation`
        invitation -> Binary,
        /// `revision`
        revision -> BigInt,
        /// `action`
        action -> Text,
        /// `actor`
        actor -> Text,
        /// `reason`
        reason -> Nullable<Text>,
        /// `at`
        at -> BigInt,
    }
}

diesel::table! {
    /// Which migrations ran.
    invite_migrations (version) {
        /// `version`
        version -> BigInt,
        /// `checksum`
        checksum -> Text,
        /// `compatible_since`
        compatible_since -> BigInt,
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

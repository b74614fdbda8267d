CREATE TABLE audit_records (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	at BIGINT NOT NULL,
	activity_key TEXT NOT NULL,
	category_key TEXT NOT NULL,
	service_key TEXT NOT NULL,
	operation_key TEXT NOT NULL,
	result_key TEXT NOT NULL,
	correlation_id_key TEXT NOT NULL,
	initiated_by_user_key TEXT,
	initiated_by_name_key TEXT,
	initiated_by_upn_key TEXT,
	initiated_by_app_key TEXT,
	initiated_by_app_name_key TEXT,
	initiated_by_service_principal_key TEXT,
	ip_address_key TEXT,
	result_reason_key TEXT,
	doc TEXT NOT NULL,
	CONSTRAINT pk_audit_records PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ix_audit_records_activity_key ON audit_records (tenant_id, activity_key, at, id);
CREATE INDEX ix_audit_records_at ON audit_records (tenant_id, at, id);
CREATE INDEX ix_audit_records_correlation_id_key ON audit_records (tenant_id, correlation_id_key);
CREATE INDEX ix_audit_records_initiated_by_user_key ON audit_records (tenant_id, initiated_by_user_key, at, id);
CREATE TABLE captured_mails (
	id TEXT NOT NULL,
	received_at BIGINT NOT NULL,
	read_at BIGINT,
	sender_key TEXT NOT NULL,
	recipients_key TEXT NOT NULL,
	subject_key TEXT NOT NULL,
	text_key TEXT NOT NULL,
	source BLOB NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_captured_mails PRIMARY KEY (id)
);
CREATE INDEX ix_captured_mails_received_at ON captured_mails (received_at, id);
CREATE TABLE counters (
	"key" TEXT NOT NULL,
	hits BIGINT NOT NULL,
	ends_at BIGINT NOT NULL,
	CONSTRAINT pk_counters PRIMARY KEY ("key")
);
CREATE INDEX ix_counters_ends_at ON counters (ends_at);
CREATE TABLE directory_stamp (
	id INTEGER NOT NULL,
	stamp TEXT NOT NULL,
	CONSTRAINT pk_directory_stamp PRIMARY KEY (id)
);
CREATE TABLE interactions (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	version BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	finished_at BIGINT,
	doc TEXT NOT NULL,
	CONSTRAINT pk_interactions PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ix_interactions_expires_at ON interactions (expires_at);
CREATE TABLE outbox (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	"to" TEXT NOT NULL,
	state TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	next_attempt_at BIGINT NOT NULL,
	sealed_mail TEXT NOT NULL,
	attempts TEXT NOT NULL,
	sent_at BIGINT,
	subject_of TEXT,
	dedupe_key TEXT NOT NULL,
	message_id TEXT NOT NULL,
	CONSTRAINT pk_outbox PRIMARY KEY (id)
);
CREATE INDEX ix_outbox_due ON outbox (next_attempt_at) WHERE state IN ('pending', 'sending');
CREATE INDEX ix_outbox_subject_of ON outbox (tenant_id, subject_of, created_at);
CREATE UNIQUE INDEX uq_outbox_dedupe_key ON outbox (tenant_id, dedupe_key) WHERE dedupe_key != '';
CREATE TABLE passcodes (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	interaction_id TEXT NOT NULL,
	address_key TEXT NOT NULL,
	code_hash TEXT NOT NULL,
	sent_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	tries INTEGER NOT NULL,
	consumed_at BIGINT,
	replaced_at BIGINT,
	CONSTRAINT pk_passcodes PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ix_passcodes_address_key ON passcodes (tenant_id, address_key, expires_at);
CREATE INDEX ix_passcodes_expires_at ON passcodes (expires_at);
CREATE INDEX ix_passcodes_interaction_id ON passcodes (tenant_id, interaction_id);
CREATE TABLE portal_sessions (
	tenant_id TEXT NOT NULL,
	secret_hash TEXT NOT NULL,
	user_id TEXT NOT NULL,
	sid TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_portal_sessions PRIMARY KEY (tenant_id, secret_hash)
);
CREATE INDEX ix_portal_sessions_expires_at ON portal_sessions (expires_at);
CREATE INDEX ix_portal_sessions_sid ON portal_sessions (tenant_id, sid);
CREATE INDEX ix_portal_sessions_user_id ON portal_sessions (tenant_id, user_id);
CREATE TABLE role_members (
	tenant_id TEXT NOT NULL,
	principal_id TEXT NOT NULL,
	role_template_id TEXT NOT NULL,
	CONSTRAINT pk_role_members PRIMARY KEY (tenant_id, principal_id, role_template_id)
);
CREATE INDEX ix_role_members_role ON role_members (tenant_id, role_template_id);
CREATE TABLE sessions (
	tenant_id TEXT NOT NULL,
	secret_hash TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_sessions PRIMARY KEY (tenant_id, secret_hash)
);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);
CREATE TABLE sign_in_records (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	at BIGINT NOT NULL,
	correlation_id_key TEXT NOT NULL,
	app_id_key TEXT NOT NULL,
	app_name_key TEXT NOT NULL,
	error_code INTEGER NOT NULL,
	failure_reason_key TEXT NOT NULL,
	user_id_key TEXT,
	user_display_name_key TEXT,
	user_principal_name_key TEXT,
	sign_in_identifier_key TEXT,
	user_type_key TEXT,
	is_interactive BOOLEAN NOT NULL,
	event_type_key TEXT NOT NULL,
	service_principal_id_key TEXT,
	service_principal_name_key TEXT,
	resource_id_key TEXT,
	resource_name_key TEXT,
	ip_address_key TEXT,
	user_agent_key TEXT,
	client_app_key TEXT NOT NULL,
	cross_tenant_access_key TEXT NOT NULL,
	home_tenant_id_key TEXT,
	identity_provider_key TEXT,
	requirement_key TEXT NOT NULL,
	token_id_key TEXT,
	issuer_key TEXT,
	session_id_key TEXT,
	doc TEXT NOT NULL,
	CONSTRAINT pk_sign_in_records PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ix_sign_in_records_app_id_key ON sign_in_records (tenant_id, app_id_key, at, id);
CREATE INDEX ix_sign_in_records_at ON sign_in_records (tenant_id, at, id);
CREATE INDEX ix_sign_in_records_correlation_id_key ON sign_in_records (tenant_id, correlation_id_key);
CREATE INDEX ix_sign_in_records_user_id_key ON sign_in_records (tenant_id, user_id_key, at, id);
CREATE TABLE signing_keys (
	kid TEXT NOT NULL,
	sealed_private_key TEXT NOT NULL,
	certificate_der BLOB NOT NULL,
	created_at BIGINT NOT NULL,
	active_from BIGINT NOT NULL,
	retired_at BIGINT,
	CONSTRAINT pk_signing_keys PRIMARY KEY (kid)
);
CREATE TABLE tenants (
	id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_tenants PRIMARY KEY (id)
);
CREATE TABLE token_families (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	app_id TEXT NOT NULL,
	sid TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	revoked_at BIGINT,
	CONSTRAINT pk_token_families PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ix_token_families_created_at ON token_families (created_at);
CREATE INDEX ix_token_families_user_id ON token_families (tenant_id, user_id);
CREATE TABLE used_assertions (
	application_id TEXT NOT NULL,
	jti_hash TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	CONSTRAINT pk_used_assertions PRIMARY KEY (application_id, jti_hash)
);
CREATE INDEX ix_used_assertions_expires_at ON used_assertions (expires_at);
CREATE TABLE applications (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	app_id TEXT NOT NULL,
	display_name_key TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	audience_key TEXT NOT NULL,
	id_token_issuance BOOLEAN NOT NULL,
	access_token_issuance BOOLEAN NOT NULL,
	is_fallback_public_client BOOLEAN NOT NULL,
	requested_access_token_version INTEGER,
	group_membership_claims_key TEXT,
	home_page_url_key TEXT,
	logout_url_key TEXT,
	privacy_statement_url_key TEXT,
	terms_of_service_url_key TEXT,
	is_first_party BOOLEAN NOT NULL,
	version BIGINT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_applications PRIMARY KEY (tenant_id, id),
	CONSTRAINT fk_applications_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_applications_created_at ON applications (tenant_id, created_at, id);
CREATE INDEX ix_applications_display_name_key ON applications (tenant_id, display_name_key, id);
CREATE UNIQUE INDEX uq_applications_app_id ON applications (app_id);
CREATE TABLE audit_targets (
	tenant_id TEXT NOT NULL,
	record_id TEXT NOT NULL,
	position INTEGER NOT NULL,
	id_key TEXT NOT NULL,
	type_key TEXT NOT NULL,
	display_name_key TEXT,
	user_principal_name_key TEXT,
	CONSTRAINT pk_audit_targets PRIMARY KEY (tenant_id, record_id, position),
	CONSTRAINT fk_audit_targets_tenant_id_record_id FOREIGN KEY(tenant_id, record_id) REFERENCES audit_records (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_audit_targets_id_key ON audit_targets (tenant_id, id_key, record_id);
CREATE TABLE authorization_codes (
	code_hash TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	family_id TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	verifier_failures INTEGER NOT NULL,
	consumed_at BIGINT,
	doc TEXT NOT NULL,
	CONSTRAINT pk_authorization_codes PRIMARY KEY (code_hash),
	CONSTRAINT fk_authorization_codes_tenant_id_family_id FOREIGN KEY(tenant_id, family_id) REFERENCES token_families (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_authorization_codes_expires_at ON authorization_codes (expires_at);
CREATE INDEX ix_authorization_codes_family_id ON authorization_codes (tenant_id, family_id);
CREATE TABLE service_principals (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	app_id TEXT NOT NULL,
	display_name_key TEXT NOT NULL,
	owner_tenant_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	account_enabled BOOLEAN NOT NULL,
	assignment_required BOOLEAN NOT NULL,
	visible_to_users BOOLEAN NOT NULL,
	home_page_url_key TEXT,
	doc TEXT NOT NULL,
	CONSTRAINT pk_service_principals PRIMARY KEY (tenant_id, id),
	CONSTRAINT fk_service_principals_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_service_principals_display_name_key ON service_principals (tenant_id, display_name_key, id);
CREATE UNIQUE INDEX uq_service_principals_app_id ON service_principals (tenant_id, app_id);
CREATE TABLE session_accounts (
	tenant_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	secret_hash TEXT NOT NULL,
	CONSTRAINT pk_session_accounts PRIMARY KEY (tenant_id, user_id, secret_hash),
	CONSTRAINT fk_session_accounts_tenant_id_secret_hash FOREIGN KEY(tenant_id, secret_hash) REFERENCES sessions (tenant_id, secret_hash) ON DELETE CASCADE
);
CREATE INDEX ix_session_accounts_secret_hash ON session_accounts (tenant_id, secret_hash);
CREATE TABLE tenant_names (
	name_key TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	CONSTRAINT pk_tenant_names PRIMARY KEY (name_key),
	CONSTRAINT fk_tenant_names_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_tenant_names_tenant_id ON tenant_names (tenant_id);
CREATE TABLE tenant_policies (
	tenant_id TEXT NOT NULL,
	version BIGINT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_tenant_policies PRIMARY KEY (tenant_id),
	CONSTRAINT fk_tenant_policies_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE TABLE users (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	user_principal_name_key TEXT NOT NULL,
	display_name_key TEXT NOT NULL,
	user_type_key TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	mail_key TEXT,
	mail_nickname_key TEXT,
	creation_type_key TEXT,
	external_user_state_key TEXT,
	external_user_state_changed_at BIGINT,
	account_enabled BOOLEAN NOT NULL,
	deleted_at BIGINT,
	given_name_key TEXT,
	surname_key TEXT,
	job_title_key TEXT,
	company_name_key TEXT,
	department_key TEXT,
	employee_id_key TEXT,
	employee_type_key TEXT,
	office_location_key TEXT,
	mobile_phone_key TEXT,
	fax_number_key TEXT,
	street_address_key TEXT,
	city_key TEXT,
	state_key TEXT,
	postal_code_key TEXT,
	country_key TEXT,
	usage_location_key TEXT,
	preferred_language_key TEXT,
	age_group_key TEXT,
	consent_provided_for_minor_key TEXT,
	sessions_valid_from BIGINT,
	last_sign_in_at BIGINT,
	doc TEXT NOT NULL,
	CONSTRAINT pk_users PRIMARY KEY (tenant_id, id),
	CONSTRAINT fk_users_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX ix_users_created_at ON users (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_users_deleted_at ON users (tenant_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_users_display_name_key ON users (tenant_id, display_name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_users_external_user_state_key_created_at ON users (tenant_id, external_user_state_key, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_users_external_user_state_key_display_name_key ON users (tenant_id, external_user_state_key, display_name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_users_mail_key ON users (tenant_id, mail_key, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_users_user_type_key_created_at ON users (tenant_id, user_type_key, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_users_user_type_key_display_name_key ON users (tenant_id, user_type_key, display_name_key, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX uq_users_user_principal_name ON users (tenant_id, user_principal_name_key) WHERE deleted_at IS NULL;
CREATE TABLE app_role_assignments (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	principal_id TEXT NOT NULL,
	resource_id TEXT NOT NULL,
	app_role_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_app_role_assignments PRIMARY KEY (tenant_id, id),
	CONSTRAINT fk_app_role_assignments_tenant_id_resource_id FOREIGN KEY(tenant_id, resource_id) REFERENCES service_principals (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_app_role_assignments_resource_id ON app_role_assignments (tenant_id, resource_id);
CREATE UNIQUE INDEX uq_app_role_assignments_principal_id ON app_role_assignments (tenant_id, principal_id, resource_id, app_role_id);
CREATE TABLE application_identifier_uris (
	uri_key TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	application_id TEXT NOT NULL,
	CONSTRAINT pk_application_identifier_uris PRIMARY KEY (uri_key),
	CONSTRAINT fk_application_identifier_uris_tenant_id_application_id FOREIGN KEY(tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_application_identifier_uris_application_id ON application_identifier_uris (tenant_id, application_id);
CREATE TABLE application_owners (
	tenant_id TEXT NOT NULL,
	application_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	CONSTRAINT pk_application_owners PRIMARY KEY (tenant_id, application_id, user_id),
	CONSTRAINT fk_application_owners_tenant_id_application_id FOREIGN KEY(tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE,
	CONSTRAINT fk_application_owners_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_application_owners_user_id ON application_owners (tenant_id, user_id);
CREATE TABLE authenticator_apps (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	confirmed_at BIGINT,
	last_step BIGINT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_authenticator_apps PRIMARY KEY (tenant_id, id),
	CONSTRAINT fk_authenticator_apps_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_authenticator_apps_user_id ON authenticator_apps (tenant_id, user_id);
CREATE TABLE certificates (
	application_id TEXT NOT NULL,
	key_id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	starts_at BIGINT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_certificates PRIMARY KEY (application_id, key_id),
	CONSTRAINT fk_certificates_tenant_id_application_id FOREIGN KEY(tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_certificates_tenant_id ON certificates (tenant_id, application_id);
CREATE TABLE client_secrets (
	application_id TEXT NOT NULL,
	key_id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	starts_at BIGINT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_client_secrets PRIMARY KEY (application_id, key_id),
	CONSTRAINT fk_client_secrets_tenant_id_application_id FOREIGN KEY(tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_client_secrets_tenant_id ON client_secrets (tenant_id, application_id);
CREATE TABLE delegated_grants (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	principal_key TEXT NOT NULL,
	resource_id TEXT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_delegated_grants PRIMARY KEY (tenant_id, id),
	CONSTRAINT fk_delegated_grants_tenant_id_client_id FOREIGN KEY(tenant_id, client_id) REFERENCES service_principals (tenant_id, id) ON DELETE CASCADE,
	CONSTRAINT fk_delegated_grants_tenant_id_resource_id FOREIGN KEY(tenant_id, resource_id) REFERENCES service_principals (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_delegated_grants_resource_id ON delegated_grants (tenant_id, resource_id);
CREATE UNIQUE INDEX uq_delegated_grants_client_id ON delegated_grants (tenant_id, client_id, principal_key, resource_id);
CREATE TABLE invitations (
	tenant_id TEXT NOT NULL,
	id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	status TEXT NOT NULL,
	redeemed_at BIGINT,
	withdrawn_at BIGINT,
	doc TEXT NOT NULL,
	CONSTRAINT pk_invitations PRIMARY KEY (tenant_id, id),
	CONSTRAINT fk_invitations_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_invitations_user_id ON invitations (tenant_id, user_id, created_at);
CREATE TABLE passwords (
	tenant_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_passwords PRIMARY KEY (tenant_id, user_id),
	CONSTRAINT fk_passwords_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE user_addresses (
	tenant_id TEXT NOT NULL,
	address_key TEXT NOT NULL,
	user_id TEXT NOT NULL,
	CONSTRAINT pk_user_addresses PRIMARY KEY (tenant_id, address_key, user_id),
	CONSTRAINT fk_user_addresses_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_user_addresses_user_id ON user_addresses (tenant_id, user_id);
CREATE TABLE user_identities (
	tenant_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	position INTEGER NOT NULL,
	issuer TEXT NOT NULL,
	subject TEXT,
	is_live BOOLEAN NOT NULL,
	sign_in_type_key TEXT NOT NULL,
	issuer_key TEXT NOT NULL,
	subject_key TEXT,
	CONSTRAINT pk_user_identities PRIMARY KEY (tenant_id, user_id, position),
	CONSTRAINT fk_user_identities_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_user_identities_subject_key ON user_identities (tenant_id, subject_key, issuer_key);
CREATE UNIQUE INDEX uq_user_identities_issuer_subject ON user_identities (tenant_id, issuer, subject) WHERE is_live IS 1;
CREATE TABLE user_managers (
	tenant_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	manager_id TEXT NOT NULL,
	CONSTRAINT pk_user_managers PRIMARY KEY (tenant_id, user_id),
	CONSTRAINT fk_user_managers_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
	CONSTRAINT fk_user_managers_tenant_id_manager_id FOREIGN KEY(tenant_id, manager_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_user_managers_manager_id ON user_managers (tenant_id, manager_id);
CREATE TABLE user_sponsors (
	tenant_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	sponsor_id TEXT NOT NULL,
	position INTEGER NOT NULL,
	CONSTRAINT pk_user_sponsors PRIMARY KEY (tenant_id, user_id, sponsor_id),
	CONSTRAINT fk_user_sponsors_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
	CONSTRAINT fk_user_sponsors_tenant_id_sponsor_id FOREIGN KEY(tenant_id, sponsor_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_user_sponsors_sponsor_id ON user_sponsors (tenant_id, sponsor_id);
CREATE TABLE user_values (
	tenant_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	field TEXT NOT NULL,
	position INTEGER NOT NULL,
	value_key TEXT NOT NULL,
	CONSTRAINT pk_user_values PRIMARY KEY (tenant_id, user_id, field, position),
	CONSTRAINT fk_user_values_tenant_id_user_id FOREIGN KEY(tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_user_values_value_key ON user_values (tenant_id, field, value_key, user_id);

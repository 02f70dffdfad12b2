// What Slack's documented refusals mean for this bot, code by code: every one that the methods it calls can answer. See the
// tables of errors at https://docs.slack.dev/reference/methods.
import { webApi } from '@slack/bolt';

/**
 * `gone`: what it was about is not there any more, and the bot goes on without. `forbidden`: not in this place, so in another.
 * `uneditable`: it stays as it is, and nothing waits for that. `file`: the workspace takes no file like that. `nobody`: there
 * is nobody to reach. `outage`: Slack's own trouble, which passes. `operator`: a token, a scope or a plan, which somebody has
 * to put right. `bug`: the bot asked wrongly.
 */
export type Meaning = 'gone' | 'forbidden' | 'uneditable' | 'file' | 'nobody' | 'outage' | 'operator' | 'bug';

const CODES: Record<Meaning, string> = {
  gone: `canvas_disabled_file_team canvas_disabled_user_team canvas_globally_disabled duplicate_channel_not_found
    duplicate_message_not_found exchanged_trigger_id expired_trigger_id file_deleted file_is_deleted file_not_found
    file_update_failed hash_conflict invalid_code invalid_trigger_id message_not_found not_enabled not_found not_visible
    plan_upgrade_required template_not_visible thread_not_found users_not_found view_not_found`,
  forbidden: `access_denied cannot_reply_to_message channel_is_limited_access channel_not_found ekm_access_denied
    invalid_channel invalid_thread_ts is_archived is_inactive messages_tab_disabled no_permission not_in_channel
    posting_to_channel_denied posting_to_general_channel_denied restricted_action
    restricted_action_non_threadable_channel restricted_action_read_only_channel restricted_action_thread_locked
    restricted_action_thread_only_channel team_not_found user_not_in_channel`,
  uneditable: `block_mismatch cant_delete_file cant_delete_message cant_update_message delete_not_allowed
    edit_window_closed external_channel_migrating file_deleting_disabled streaming_state_conflict update_failed`,
  file: `blocked_file_type file_share_limit_reached file_too_large file_type_not_allowed file_upload_size_restricted
    file_uploads_disabled file_uploads_except_images_disabled malware_detected max_file_sharing_exceeded
    over_file_size_limit slack_connect_blocked_file_type slack_connect_canvas_sharing_blocked
    slack_connect_clip_sharing_blocked slack_connect_file_link_sharing_blocked
    slack_connect_file_upload_sharing_blocked slack_connect_lists_sharing_blocked storage_limit_reached
    unable_to_share_files`,
  nobody: 'cannot_dm_bot invalid_user_combination user_disabled user_not_found user_not_visible',
  outage: `fatal_error internal_error org_login_required rate_limited ratelimited request_timeout service_unavailable
    team_added_to_org`,
  operator: `accesslimited account_inactive bad_client_secret bad_redirect_uri cannot_install_an_org_installed_app
    enterprise_is_restricted forbidden_team invalid_auth invalid_client_id invalid_refresh_token
    message_limit_exceeded missing_scope no_scopes not_allowed_token_type not_authed oauth_authorization_url_mismatch
    pkce_not_allowed preview_feature_not_available team_access_not_granted token_expired token_revoked
    two_factor_setup_required user_email_unverified`,
  bug: `alt_txt_too_large as_user_not_supported attachment_payload_limit_exceeded cant_broadcast_message
    channels_limit_exceeded deprecated_endpoint draft_already_deleted draft_already_sent draft_has_conflict
    draft_not_found duplicate_external_id insecure_request invalid_arg_name invalid_arguments invalid_array_arg
    invalid_attachments invalid_blocks invalid_blocks_format invalid_charset invalid_code_verifier invalid_cursor
    invalid_form_data invalid_grant_type invalid_metadata_format invalid_metadata_schema invalid_post_type
    invalid_team markdown_text_conflict metadata_must_be_sent_from_app metadata_too_large method_deprecated
    method_not_supported_for_channel_type missing_args missing_argument missing_file_data missing_post_type
    missing_profile_id msg_blocks_too_long msg_too_long no_dual_broadcast_content_update no_text not_enough_users
    not_implemented send_on_behalf_not_allowed snippet_too_large too_many_attachments too_many_contact_cards
    too_many_users unknown_snippet_type unknown_subtype users_list_not_supplied view_too_large`,
};

const MEANINGS = new Map<string, Meaning>(
  (Object.keys(CODES) as Meaning[]).flatMap((meaning) =>
    CODES[meaning].split(/\s+/).map((code) => [code, meaning] as const),
  ),
);

/** Of these the token is good for nothing any more, or never was. */
export const REFUSED_TOKENS = [
  ...['account_inactive', 'invalid_auth', 'not_allowed_token_type', 'not_authed', 'token_expired', 'token_revoked'],
];

export function findMeaning(code: string): Meaning | undefined {
  return MEANINGS.get(code);
}

/**
 * Undefined for what is no answer of Slack's: a broken connection, a page of a proxy. A code that Slack has not published yet
 * means, as a bug does, that the same again is refused again, and nothing more.
 */
export function meaningOf(error: unknown): Meaning | undefined {
  if (!(error instanceof webApi.WebAPIPlatformError)) return undefined;
  return findMeaning(error.data.error) ?? 'bug';
}

interface RefusedAnswer {
  error: string;
  needed?: string;
  provided?: string;
  response_metadata?: { messages?: string[] };
}

interface Described {
  refusal?: string;
  needed?: string | undefined;
  provided?: string | undefined;
  messages?: string[];
}

/** What Slack says of a refusal, for the log: the scopes, and what is wrong with a message. */
export function describeRefusal(error: unknown): Described {
  if (!(error instanceof webApi.WebAPIPlatformError)) return {};
  const { error: refusal, needed, provided, response_metadata: more } = error.data as unknown as RefusedAnswer;
  return { refusal, ...(needed && { needed, provided }), ...(more?.messages && { messages: more.messages }) };
}

// Discord's documented JSON error codes, and what each means for a bot that posts, edits and removes messages, opens threads and
// answers interactions. https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
import { RESTJSONErrorCodes as Code } from 'discord.js';

/** The code of an interaction that was answered before. */
export const ALREADY_ANSWERED: number = Code.InteractionHasAlreadyBeenAcknowledged;
/** And of one whose three seconds, or whose token, have run out. */
export const NO_LONGER_WAITING: number = Code.UnknownInteraction;

/**
 * - `gone`: the message or its place was removed. Nothing is left to be done there.
 * - `token_ended`: an interaction's token reaches nothing any more; the bot's own may.
 * - `forbidden`: the bot may not write there. Another place may do: the member's direct messages.
 * - `archived`: the thread has to be opened again first.
 * - `too_large`: a smaller file may do, or a link.
 * - `refused`: this message is not taken there as it is, now or later.
 * - `wait`: it may be taken later.
 * - `operator`: the bot's account or token; the operator has to act.
 */
export type Meaning = 'gone' | 'token_ended' | 'forbidden' | 'archived' | 'too_large' | 'refused' | 'wait' | 'operator';

const GONE = [
  ...[Code.UnknownChannel, Code.UnknownGuild, Code.UnknownMessage, Code.UnknownUser, Code.UnknownMember],
  Code.UnknownAccount,
];

const TOKEN_ENDED = [
  ...[Code.UnknownWebhook, Code.UnknownInteraction, Code.UnknownToken, Code.InvalidWebhookToken],
  ...[Code.InteractionHasAlreadyBeenAcknowledged, Code.ApplicationInteractionFailedToSend],
];

const FORBIDDEN = [
  ...[Code.MissingAccess, Code.MissingPermissions, Code.ThreadLocked, Code.CannotSendMessagesToThisUser],
  ...[Code.CannotSendMessagesToThisUserDueToHavingNoMutualGuilds, Code.UserBannedFromThisGuild],
  ...[Code.ChannelVerificationLevelTooHighForYouToGainAccess, Code.ServerNotAvailableInYourLocation],
  ...[Code.CannotSendMessagesInNonTextChannel, Code.CannotSendAMessageInAForumChannel],
  ...[Code.SendMessagesHasBeenTemporarilyDisabled, Code.AccessToFileUploadsHasBeenLimitedForThisGuild],
  ...[Code.UnderMinimumAge, Code.NotAuthorizedToPerformThisActionOnThisApplication],
  ...[Code.CannotExecuteActionOnThisChannelType, Code.CannotExecuteActionOnDMChannel, Code.InvalidGuild],
];

const ARCHIVED = [Code.InvalidActionOnArchivedThread];

const TOO_LARGE = [
  ...[Code.RequestEntityTooLarge, Code.FileUploadedExceedsMaximumSize],
  Code.ProvidedFileDurationExceedsMaximumLength,
];

const WAIT = [
  ...[Code.ActionCannotBePerformedDueToSlowmodeRateLimit, Code.ChannelSendRateLimit, Code.ServerSendRateLimit],
  ...[Code.OpeningDirectMessagesTooFast, Code.FeatureTemporarilyDisabledServerSide],
  ...[Code.ServiceResourceIsBeingRateLimited, Code.APIResourceOverloaded, Code.IndexNotYetAvailable],
  ...[Code.ApplicationNotYetAvailable, Code.MaximumNumberOfEditsToMessagesOlderThanOneHourReached],
];

const OPERATOR = [
  ...[Code.Unauthorized, Code.VerifyYourAccount, Code.InvalidToken, Code.TwoFactorAuthenticationIsRequired],
  ...[Code.OAuth2ApplicationDoesNotHaveBot, Code.UnknownApplication, Code.CloudflareIsBlockingYourRequest],
  ...[Code.TheUserAccountMustFirstBeVerified, Code.OnlyBotsCanUseThisEndpoint, Code.ConnectionHasBeenRevoked],
  ...[Code.BotsCannotUseThisEndpoint, Code.MaximumNumberOfApplicationCommandsReached],
  Code.MaximumDailyApplicationCommandCreatesReached,
];

const REFUSED = [
  Code.GeneralError,
  Code.ExplicitContentCannotBeSentToTheDesiredRecipient,
  Code.ThisActionRequiresAPremiumSubscription,
  Code.AnnouncementEditLimitExceeded,
  Code.StageTopicServerNameServerDescriptionOrChannelNamesContainDisallowedWords,
  Code.MaximumNumberOfAttachmentsInAMessageReached,
  Code.MaximumThreadParticipantsReached,
  Code.MaximumNumberOfGuildChannelsReached,
  Code.ThisInteractionHasHitTheMaximumNumberOfFollowUpMessages,
  Code.TagRequiredToCreateAForumPostInThisChannel,
  Code.CannotEditMessageAuthoredByAnotherUser,
  Code.CannotSendAnEmptyMessage,
  Code.CannotExecuteActionOnSystemMessage,
  Code.InvalidFormBodyOrContentType,
  Code.InvalidAPIVersion,
  Code.InvalidFileUploaded,
  Code.InvalidRequestOrigin,
  Code.InvalidMessageType,
  Code.CannotEditStickersWithinMessage,
  Code.InvalidStickerSent,
  Code.InvalidThreadNotificationSettings,
  Code.RequestBodyContainsInvalidJSON,
  Code.ProvidedFileIsInvalid,
  Code.ProvidedFileTypeIsInvalid,
  Code.UploadedFileNotFound,
  Code.SpecifiedEmojiIsInvalid,
  Code.InvalidRecipients,
  Code.VoiceMessagesCannotBeEdited,
  Code.VoiceMessagesDoNotSupportAdditionalContent,
  Code.CannotReplyWithoutPermissionToReadMessageHistory,
  Code.ThreadAlreadyCreatedForMessage,
  Code.MaximumActiveThreads,
  Code.MaximumActiveAnnouncementThreads,
  Code.CannotReferenceAMessageWithoutPermissionToReadMessageHistory,
  Code.NSFWChannelMessageReferenceNotAllowed,
  Code.CannotForwardMessageWithUnreadableContent,
  Code.MessageWasBlockedByAutomaticModeration,
  Code.TitleWasBlockedByAutomaticModeration,
  Code.MessageBlockedByHarmfulLinksFilter,
  Code.CannotEditAPollMessage,
  Code.UnknownEmoji,
  Code.UnknownSticker,
  Code.UnknownApplicationCommand,
  Code.ApplicationCommandWithThatNameAlreadyExists,
  Code.CannotUseAnEmojiIncludedWithThePoll,
];

/** What is documented of methods that this bot does not call: servers, roles, invites, stickers, events, purchases. */
const OF_OTHER_METHODS = [
  ...[10005, 10006, 10009, 10010, 10011, 10016, 10020, 10021, 10026, 10027, 10028, 10029, 10030, 10031],
  ...[10032, 10033, 10036, 10038, 10049, 10050, 10057, 10059, 10061, 10065, 10066, 10067, 10068, 10069],
  ...[10070, 10071, 10087, 10097, 10124, 10129, 20017, 20018, 20035, 30001, 30002, 30003, 30004, 30005],
  ...[30007, 30008, 30010, 30011, 30016, 30018, 30019, 30030, 30031, 30035, 30037, 30038, 30039, 30040],
  ...[30042, 30045, 30047, 30048, 30052, 30056, 30058, 30060, 30061, 40009, 40018, 40019, 40032, 40033],
  ...[40061, 40066, 40074, 50002, 50004, 50011, 50012, 50015, 50016, 50017, 50019, 50020, 50025, 50026],
  ...[50028, 50034, 50036, 50039, 50054, 50057, 50070, 50073, 50074, 50085, 50086, 50091, 50097, 50101],
  ...[50131, 50132, 50138, 50144, 50145, 50160, 50161, 50163, 50167, 50173, 50192, 50600, 80004, 90001],
  ...[90002, 150006, 170001, 170002, 170003, 170004, 170005, 170006, 170007, 180000, 180002, 220001],
  ...[220002, 220003, 220004, 340015, 350000, 350001, 500000, 520000, 520001, 520002, 520006, 530000],
  ...[530001, 530002, 530003, 530004, 530006, 530007],
];

const CODES: Record<Meaning, number[]> = {
  gone: GONE,
  token_ended: TOKEN_ENDED,
  forbidden: FORBIDDEN,
  archived: ARCHIVED,
  too_large: TOO_LARGE,
  refused: [...REFUSED, ...OF_OTHER_METHODS],
  wait: WAIT,
  operator: OPERATOR,
};

const MEANINGS = new Map(
  (Object.entries(CODES) as [Meaning, number[]][]).flatMap(([meaning, codes]) =>
    codes.map((code): [number, Meaning] => [code, meaning]),
  ),
);

/** Whether the table has it. */
export const isKnown = (code: number | string): boolean => MEANINGS.has(Number(code));

/** An unknown code is a refusal of this very message: the same again is refused again. */
export function meaningOf(code: number | string): Meaning {
  return MEANINGS.get(Number(code)) ?? 'refused';
}

const DAY = '(?:[1-9]|[12]\\d|3[01])';
const MONTH = '(?:[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)';
const WEEKDAY = '(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)';
const YEAR = '(?:19[7-9]\\d|20\\d\\d|21\\d\\d)';

/** A field of values, ranges and steps. */
const listOf = (value: string) =>
  `(?:\\*|${value}(?:-${value})?)(?:/[1-9]\\d?)?(?:,${value}(?:-${value})?(?:/[1-9]\\d?)?)*`;
const days = `(?:${listOf(DAY)}|L|LW|${DAY}W)`;
const weekdays = `(?:${listOf(WEEKDAY)}|${WEEKDAY}?L|${WEEKDAY}#[1-5])`;
const oneMinuteAndHour = '(?:[0-5]?\\d) (?:[01]?\\d|2[0-3])';
const months = listOf(MONTH);
const years = listOf(YEAR);

const CRON = `cron\\(${oneMinuteAndHour} (?:${days} ${months} \\?|\\? ${months} ${weekdays}) ${years}\\)`;
const RATE = 'rate\\((?:1 day|(?:[2-9]|[1-9]\\d{1,2}) days|(?:2[4-9]|[3-9]\\d|[1-9]\\d{2}) hours)\\)';

/**
 * Schedule expressions of EventBridge Scheduler that run once a day at most: `rate` of a day or more, or `cron` at one
 * minute of one hour, with `?` in one of its two fields for days.
 */
export const AT_MOST_DAILY = new RegExp(`^(?:${RATE}|${CRON})$`);

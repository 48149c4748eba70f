/*
 * A message module in C: one line for every event, straight from the context.
 *
 *   clang --target=wasm32-wasi -Oz -nodefaultlibs -o message.wasm message.c -lc
 *   pipeline-notifier module check message.wasm
 *
 * It uses read and write because stdio would import functions that the sandbox does not give.
 */
#include <string.h>
#include <unistd.h>

static char context[256 * 1024 + 1]; /* docs/modules.md: a context has at most 256 KiB */
static char message[64 * 1024];
static size_t used;

static int refuse(const char *why) {
  write(2, why, strlen(why));
  return 1;
}

/* Returns the JSON string of a key, between its quotes and still escaped, or null. A quote inside a string is always
 * escaped, so a key inside a value is not mistaken for one. */
static const char *string_of(const char *key, size_t *length) {
  size_t key_length = strlen(key);
  for (const char *at = context; (at = strstr(at, key)); at += key_length) {
    if (at == context || at[-1] != '"' || (at - 1 > context && at[-2] == '\\') || at[key_length] != '"') continue;
    const char *value = at + key_length + 1 + strspn(at + key_length + 1, ": \n");
    if (*value++ != '"') return 0;
    const char *end = value;
    while (*end && *end != '"') end += *end == '\\' && end[1] ? 2 : 1;
    *length = end - value;
    return value;
  }
  return 0;
}

static void put(const char *text, size_t length) {
  if (used + length > sizeof message) return;
  memcpy(message + used, text, length);
  used += length;
}

static void put_words(const char *text) { put(text, strlen(text)); }

/* Writes the value of a variable of at most 1000 bytes, with & < > escaped for Slack: docs.slack.dev, "Formatting". */
static void put_value(const char *key, const char *otherwise) {
  size_t length = 0;
  const char *value = string_of(key, &length);
  if (!value || length > 1000) return put_words(otherwise);
  for (size_t i = 0; i < length; i++) {
    if (value[i] == '&') put_words("&amp;");
    else if (value[i] == '<') put_words("&lt;");
    else if (value[i] == '>') put_words("&gt;");
    else put(value + i, 1);
  }
}

int main(void) {
  size_t size = 0;
  for (ssize_t got; size < sizeof context - 1 && (got = read(0, context + size, sizeof context - 1 - size)) > 0;) size += got;
  const char *version = strstr(context, "\"version\"");
  if (!version || version[9 + strspn(version + 9, ": \n")] != '1') return refuse("this module speaks version 1\n");
  put_words("{\"version\":1,\"message\":{\"text\":\"From C: ");
  put_value("CI_PROJECT_NAME", "a project");
  put_words(", ");
  put_value("event", "an event");
  put_words(" on ");
  put_value("CI_COMMIT_REF_NAME", "some branch");
  put_words("\",\"unfurl_links\":false,\"unfurl_media\":false}}\n");
  return write(1, message, used) == (ssize_t)used ? 0 : refuse("stdout does not take the message\n");
}

using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Http;

/// <summary>JSON as GitLab writes it: snake_case names, nulls written, instants as <c>2024-05-30T12:28:27.855Z</c>.</summary>
public static class ApiJson
{
    /// <summary>The one set of options for every JSON answer.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // Only as JSON, never inside HTML: < and quotes need no escaping there, and clients compare texts.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new InstantConverter() },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { BaseFirst } },
    };

    /// <summary>An answer with a JSON body.</summary>
    public static IResult Answer(object body, int status = StatusCodes.Status200OK) =>
        Results.Json(body, Options, contentType: "application/json", statusCode: status);

    /// <summary>The instant of a row, which is in UTC Unix milliseconds.</summary>
    public static DateTimeOffset Instant(long unixMilliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds);

    /// <summary>The instant of a row that may have none.</summary>
    public static DateTimeOffset? Instant(long? unixMilliseconds) => unixMilliseconds is { } value ? Instant(value) : null;

    /// <summary>The day of a row, as <c>2024-05-30</c>, that may have none.</summary>
    public static DateOnly? Day(long? unixMilliseconds) =>
        unixMilliseconds is { } value ? DateOnly.FromDateTime(Instant(value).UtcDateTime) : null;

    /// <summary>The midnight (UTC Unix milliseconds) that begins a day: from then on what expires on that day is void.</summary>
    public static long? Midnight(DateOnly? day) =>
        day is { } value ? new DateTimeOffset(value, TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeMilliseconds() : null;

    // The fields that a type has from the one that it is derived from come first: it adds to them.
    private static void BaseFirst(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
            for (var declaring = property.DeclaringType.BaseType; declaring is not null; declaring = declaring.BaseType) property.Order++;
    }

    private sealed class InstantConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Larder.Registry.Http;

/// <summary>
/// The metadata of an endpoint that says what it answers when all goes well: one for each status and shape. The description of the API
/// is made of it, and tests hold the answers against it.
/// </summary>
/// <param name="Status">The HTTP status.</param>
public sealed record CallAnswer(int Status) : IProducesResponseTypeMetadata
{
    /// <summary>What becomes the JSON body, by <see cref="ApiJson.Options"/>; null when the body is no JSON, or there is none.</summary>
    public Type? Body { get; init; }

    /// <summary>Of an object whose fields no type tells: their names. All have the type of the values of <see cref="Body"/>, a dictionary.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>The media types of a body of bytes; empty when it is JSON, or there is none.</summary>
    public IReadOnlyList<string> MediaTypes { get; init; } = [];

    /// <summary>The headers that belong to it.</summary>
    public IReadOnlyList<ParameterDescription> Headers { get; init; } = [];

    int IProducesResponseTypeMetadata.StatusCode => Status;

    Type IProducesResponseTypeMetadata.Type => Body ?? typeof(void);

    IEnumerable<string> IProducesResponseTypeMetadata.ContentTypes => Body is null ? [] : [CallAnswers.Json];
}

/// <summary>The metadata of an endpoint that is there to say no.</summary>
/// <param name="Status">The HTTP status that it says so with.</param>
public sealed record OnlyRefusal(int Status);

/// <summary>What <see cref="ApiError.Message"/> answers where it is no refusal.</summary>
/// <param name="Message">For people.</param>
public sealed record MessageJson(string Message);

/// <summary>Attaches <see cref="CallAnswer"/> to endpoints.</summary>
public static class CallAnswers
{
    /// <summary>The media type of JSON.</summary>
    public const string Json = "application/json";

    /// <summary>JSON made of this type. Headers are described as <see cref="ParameterDescription.Parse"/> reads it.</summary>
    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder endpoint, int status = StatusCodes.Status200OK, params IEnumerable<string> headers) =>
        endpoint.WithMetadata(new CallAnswer(status) { Body = typeof(T), Headers = Read(headers) });

    /// <summary>
    /// JSON made of one of these types. The first is one that another call answers by itself: of several for one status the framework
    /// makes the schema of the last alone.
    /// </summary>
    public static RouteHandlerBuilder Answers<TOne, TOther>(this RouteHandlerBuilder endpoint) => endpoint.Answers<TOne>().Answers<TOther>();

    /// <summary>A page of such things, with the headers of <see cref="Page.WriteHeaders"/>.</summary>
    public static RouteHandlerBuilder AnswersPage<T>(this RouteHandlerBuilder endpoint) => endpoint.Answers<T[]>(headers: Page.Headers);

    /// <summary>A page of things each of which is of one of these types, as above.</summary>
    public static RouteHandlerBuilder AnswersPage<TOne, TOther>(this RouteHandlerBuilder endpoint) => endpoint.AnswersPage<TOne>().AnswersPage<TOther>();

    /// <summary>An object with all of these fields, whose names no type tells.</summary>
    public static RouteHandlerBuilder AnswersFields<T>(this RouteHandlerBuilder endpoint, IReadOnlyList<string> names) =>
        endpoint.WithMetadata(new CallAnswer(StatusCodes.Status200OK) { Body = typeof(IReadOnlyDictionary<string, T>), Fields = names });

    /// <summary>The bytes of a file, or the part of it that was asked for: <see cref="BlobAnswer"/>.</summary>
    public static RouteHandlerBuilder AnswersFile(this RouteHandlerBuilder endpoint, string mediaType, params IEnumerable<string> headers)
    {
        var answer = new CallAnswer(StatusCodes.Status200OK)
        {
            MediaTypes = [mediaType], Headers = Read(["ETag", "Last-Modified", "X-Checksum-Sha256", "X-Checksum-Sha1", "X-Checksum-Md5", "X-Checksum-Sha512", .. headers]),
        };
        return endpoint.WithMetadata(answer, answer with { Status = StatusCodes.Status206PartialContent });
    }

    /// <summary>Bytes of one of these media types, always all of them.</summary>
    public static RouteHandlerBuilder AnswersBytes(this RouteHandlerBuilder endpoint, params IReadOnlyList<string> mediaTypes) =>
        endpoint.WithMetadata(new CallAnswer(StatusCodes.Status200OK) { MediaTypes = mediaTypes });

    /// <summary>No body.</summary>
    public static RouteHandlerBuilder AnswersNothing(
        this RouteHandlerBuilder endpoint, int status = StatusCodes.Status204NoContent, params IEnumerable<string> headers) =>
        endpoint.WithMetadata(new CallAnswer(status) { Headers = Read(headers) });

    /// <summary>Nothing but a refusal, whoever asks.</summary>
    public static RouteHandlerBuilder OnlyRefuses(this RouteHandlerBuilder endpoint, int status) => endpoint.WithMetadata(new OnlyRefusal(status));

    private static IReadOnlyList<ParameterDescription> Read(IEnumerable<string> headers) => [.. headers.Select(ParameterDescription.Parse)];
}

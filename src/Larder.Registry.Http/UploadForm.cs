using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Larder.Registry.Http;

/// <summary>
/// An upload that arrives as a form (RFC 7578) and not as the bare file: gitbeaker and <c>curl --form</c> send one. Its part
/// <c>file</c> is the file, which GitLab would store with the envelope around it. The fields <c>status</c> and <c>select</c>
/// stand for the query parameters of these names; other parts are passed over. Nothing but small fields is kept in memory.
/// </summary>
public sealed class UploadForm
{
    private const int BufferBytes = 1 << 16;
    private const int LongestField = 64;
    private const int MostParts = 100;
    private const int MostPassedOverBytes = 1 << 20; // in all: the limit of a file is no limit of what stands around it
    private readonly MultipartReader reader;
    private readonly Dictionary<string, string> fields = [];
    private MultipartSection? file;
    private int parts;
    private long passedOver;

    private UploadForm(string boundary, Stream body) => reader = new MultipartReader(boundary, body, BufferBytes);

    /// <summary>The form in a body, null when the body is the file itself: also where a form is announced without a boundary.</summary>
    public static UploadForm? In(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
        && HeaderUtilities.RemoveQuotes(type.Boundary) is { Length: > 0 and <= 70 } boundary // RFC 2046 section 5.1.1
            ? new UploadForm(boundary.ToString(), request.Body)
            : null;

    /// <summary>The field as sent, null when there was none. All fields are known once <see cref="FinishAsync"/> has returned.</summary>
    public string? this[string name] => fields.GetValueOrDefault(name);

    /// <summary>Goes to the file; false when there is none.</summary>
    /// <exception cref="InvalidDataException">The body is no such form.</exception>
    public async Task<bool> MoveToFileAsync(CancellationToken cancellationToken)
    {
        file = await NextFileAsync(cancellationToken);
        return file is not null;
    }

    /// <summary>Reads on in the file; 0 at its end.</summary>
    /// <exception cref="InvalidDataException">The form ends before the file does.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> memory, CancellationToken cancellationToken) =>
        WellFormedAsync(file!.Body.ReadAsync(memory, cancellationToken));

    /// <summary>Reads what follows the file, to the closing boundary: a form that was cut off has none.</summary>
    /// <exception cref="InvalidDataException">There is a second file, or the form ends too early.</exception>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (await NextFileAsync(cancellationToken) is not null) throw new InvalidDataException("The form has more than one file.");
    }

    private async Task<MultipartSection?> NextFileAsync(CancellationToken cancellationToken)
    {
        while (await WellFormedAsync(new ValueTask<MultipartSection?>(reader.ReadNextSectionAsync(cancellationToken))) is { } section)
        {
            var name = HeaderUtilities.RemoveQuotes(section.GetContentDispositionHeader()?.Name ?? default).ToString();
            if (++parts > MostParts) throw new InvalidDataException("The form has too many parts.");
            if (name == "file") return section;
            if (name is "status" or "select") fields[name] = await ReadFieldAsync(section.Body, cancellationToken);
            await PassOverAsync(section.Body, cancellationToken);
        }
        return null;
    }

    private async Task PassOverAsync(Stream body, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        while (await WellFormedAsync(body.ReadAsync(buffer, cancellationToken)) is > 0 and var read)
        {
            passedOver += read;
            if (passedOver > MostPassedOverBytes) throw new InvalidDataException("The form has more around its file than any form.");
        }
    }

    // Longer than any value that is allowed: then it is refused as a wrong value, whatever follows.
    private static async Task<string> ReadFieldAsync(Stream body, CancellationToken cancellationToken)
    {
        var bytes = new byte[LongestField];
        var count = 0;
        while (count < bytes.Length
            && await WellFormedAsync(body.ReadAsync(bytes.AsMemory(count), cancellationToken)) is > 0 and var read)
        {
            count += read;
        }
        return Encoding.UTF8.GetString(bytes, 0, count);
    }

    // The reader calls a missing boundary an I/O error; a client that left is one.
    private static async ValueTask<T> WellFormedAsync<T>(ValueTask<T> reading)
    {
        try
        {
            return await reading;
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            throw new InvalidDataException("The form is cut off.", e);
        }
    }
}

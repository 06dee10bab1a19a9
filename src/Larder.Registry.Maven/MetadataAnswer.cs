using Larder.Registry.Http;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.VirtualRegistries;

/// <summary>Sends metadata, or its checksum: both from the same bytes, so that they always agree.</summary>
internal static class MetadataAnswer
{
    public static async Task SendAsync(HttpContext context, MetadataEnd end, ChecksumKind? checksum, DownloadCounts downloads, UpstreamFigures figures)
    {
        if (end.Document is not { } document)
        {
            await Refusals.Of(end.Refusal!).ExecuteAsync(context);
            return;
        }
        foreach (var entry in end.Entries)
        {
            downloads.Count(Downloaded.CacheEntry, entry.Id);
            figures.CountHit(entry.UpstreamId, entry.Blob.Length);
        }
        if (end.IsStale) context.Response.Headers.Warning = StaleWarning.Text;
        if (checksum is { } kind)
        {
            await ChecksumAnswer.SendAsync(context, document.Digests, kind);
            return;
        }
        ChecksumHeaders.Write(context, document.Digests);
        FileHeaders.Write(context, "application/xml");
        await using var blob = new MemoryBlob(document.Bytes);
        await BlobAnswer.SendAsync(context, blob, $"\"{document.Digests.Sha256}\"", ApiJson.Instant(document.ChangedAt));
    }
}

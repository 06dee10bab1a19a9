using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Larder.Storage.Blobs;
using Larder.Storage.Blobs.S3;
using Larder.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Storage.Tests.Blobs;

/// <summary>A bucket behind TLS, whose certificate no system trusts.</summary>
public sealed class S3TrustTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Authority_of_a_file_is_trusted_and_without_it_nobody_is()
    {
        using var folder = new TemporaryDirectory();
        using var certificate = Certificate();
        await File.WriteAllTextAsync(folder["ca.pem"], certificate.ExportCertificatePem(), Token);
        await using var proxy = new FaultProxy((await CephGateway.SharedAsync()).Port, certificate);
        var options = await CephGateway.OptionsOfNewBucketAsync(folder["trusting"]) with { ServiceUrl = proxy.Url, CertificateAuthority = folder["ca.pem"] };
        await using var trusting = New(options);
        await trusting.ProbeAsync(Token);
        await using (var writer = await trusting.CreateAsync(Durability.Durable, Token))
        {
            writer.GetMemory().Span[..100].Fill(7);
            await writer.AdvanceAsync(100, Token);
            (await writer.CommitAsync(ExpectedContent.Anything, Token)).Stored!.Length.ShouldBe(100);
        }
        proxy.Requests.Count(request => request.Method == "PUT").ShouldBe(1);

        await using var doubting = New(options with { CertificateAuthority = "", LocalFolder = folder["doubting"] });
        (await Should.ThrowAsync<BlobStoreUnavailableException>(() => doubting.ProbeAsync(Token))).Message.ShouldContain("cannot be reached");
    }

    private static S3BlobStore New(S3BlobOptions options) => new(options, TimeProvider.System, NullLogger<S3BlobStore>.Instance);

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=throw-away", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}

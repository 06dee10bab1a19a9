using System.Security.Cryptography.X509Certificates;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Larder.Storage.Blobs.S3;

/// <summary>The client that the options describe.</summary>
internal static class S3Connection
{
    private const int Retries = 3;

    public static AmazonS3Client Open(S3BlobOptions options, string serviceUrl)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.ForcePathStyle,
            RequestChecksumCalculation = options.SendChecksums ? RequestChecksumCalculation.WHEN_SUPPORTED : RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = options.SendChecksums ? ResponseChecksumValidation.WHEN_SUPPORTED : ResponseChecksumValidation.WHEN_REQUIRED,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = Retries,
            HttpClientFactory = new OneClient(NewClient(options.CertificateAuthority)),
            Timeout = Timeout.InfiniteTimeSpan, // it would bound the whole of an upload; see S3Requests
        };
        if (serviceUrl.Length > 0) (config.ServiceURL, config.AuthenticationRegion) = (serviceUrl, options.Region);
        else config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        return options.AccessKey.Length > 0
            ? new AmazonS3Client(new BasicAWSCredentials(options.AccessKey, options.SecretKey), config)
            : new AmazonS3Client(config);
    }

    private static HttpClient NewClient(string certificateAuthority)
    {
        var sockets = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        if (certificateAuthority.Length > 0) sockets.SslOptions.CertificateChainPolicy = Trusting(certificateAuthority);
        return new HttpClient(new AtOnce { InnerHandler = sockets }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private static X509ChainPolicy Trusting(string file)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(file);
        return policy;
    }

    /// <summary>
    /// Bodies go without asking first. The SDK asks (<c>Expect: 100-continue</c>), and a connection that then breaks in the middle of the
    /// body is taken by .NET for one on which nothing was sent: it sends the request again by itself, with what is left of the body.
    /// </summary>
    private sealed class AtOnce : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.ExpectContinue = false;
            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>One client for all requests, as long as the process lives.</summary>
    private sealed class OneClient(HttpClient client) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => client;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}

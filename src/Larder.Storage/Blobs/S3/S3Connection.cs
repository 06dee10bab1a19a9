using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Larder.Storage.Blobs.S3;

/// <summary>The client that the options describe.</summary>
internal static class S3Connection
{
    /// <summary>How often a request that failed is tried again.</summary>
    public const int Retries = 3;

    /// <param name="options">The bucket and how to reach it.</param>
    /// <param name="serviceUrl">Where it is, or nothing for AWS.</param>
    /// <param name="retries">What the client does by itself; 0 for requests that send bytes, see <see cref="S3Requests"/>.</param>
    public static AmazonS3Client Open(S3BlobOptions options, string serviceUrl, int retries = Retries)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.ForcePathStyle,
            RequestChecksumCalculation = options.SendChecksums ? RequestChecksumCalculation.WHEN_SUPPORTED : RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = options.SendChecksums ? ResponseChecksumValidation.WHEN_SUPPORTED : ResponseChecksumValidation.WHEN_REQUIRED,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = retries,
            Timeout = Timeout.InfiniteTimeSpan, // it would bound the whole of an upload; see S3Requests
        };
        if (options.CertificateAuthority.Length > 0) config.HttpClientFactory = new OneClient(Trusting(options.CertificateAuthority));
        if (serviceUrl.Length > 0) (config.ServiceURL, config.AuthenticationRegion) = (serviceUrl, options.Region);
        else config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        return options.AccessKey.Length > 0
            ? new AmazonS3Client(new BasicAWSCredentials(options.AccessKey, options.SecretKey), config)
            : new AmazonS3Client(config);
    }

    private static HttpClient Trusting(string file)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(file);
        return new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
        }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>One client for all requests, as long as the process lives.</summary>
    private sealed class OneClient(HttpClient client) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => client;

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}

#:package AWSSDK.S3

// The yardstick of bench/s3_upload.py: puts a file into a bucket as often as it is told, and prints the seconds of each time.
using System.Diagnostics;
using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

var (url, bucket, key, secret, file, times) = (args[0], args[1], args[2], args[3], args[4], int.Parse(args[5], CultureInfo.InvariantCulture));
using var client = new AmazonS3Client(new BasicAWSCredentials(key, secret), new AmazonS3Config
{
    ServiceURL = url, AuthenticationRegion = "us-east-1", ForcePathStyle = true, RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
});
for (var i = 0; i < times; i++)
{
    var watch = Stopwatch.StartNew();
    await client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = $"yardstick-{i}", FilePath = file, DisablePayloadSigning = url.StartsWith("https:", StringComparison.Ordinal) });
    Console.WriteLine(watch.Elapsed.TotalSeconds.ToString(CultureInfo.InvariantCulture));
    await client.DeleteObjectAsync(bucket, $"yardstick-{i}");
}

# The tutorial's lab as Terraform makes it, reads all of it back, and removes it.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0"
    }
  }
}

variable "endpoint" { type = string }
variable "zip" { type = string }

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  # The account id is looked up, as it is on AWS: the lab's ARNs need it.
  skip_requesting_account_id  = false
  endpoints {
    apigateway = var.endpoint
    cognitoidp = var.endpoint
    iam        = var.endpoint
    lambda     = var.endpoint
    sts        = var.endpoint
  }
}

# --- Lambda -----------------------------------------------------------------
resource "aws_iam_role" "lambda" {
  name = "d-lambda-demo"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "basic" {
  role       = aws_iam_role.lambda.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "demo" {
  function_name    = "d-lambda-demo"
  role             = aws_iam_role.lambda.arn
  runtime          = "python3.13"
  handler          = "lambda_function.lambda_handler"
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
}

# --- Cognito ----------------------------------------------------------------
resource "aws_cognito_user_pool" "demo" {
  name                     = "d-user-pool-demo"
  user_pool_tier           = "ESSENTIALS"
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  sign_in_policy {
    allowed_first_auth_factors = ["PASSWORD", "EMAIL_OTP"]
  }
}

resource "aws_cognito_user_pool_client" "spa" {
  name            = "d-spa-demo"
  user_pool_id    = aws_cognito_user_pool.demo.id
  generate_secret = false
  explicit_auth_flows = [
    "ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
  ]
}

resource "aws_cognito_user" "student" {
  user_pool_id   = aws_cognito_user_pool.demo.id
  username       = "student@example.com"
  message_action = "SUPPRESS"
  attributes = {
    email          = "student@example.com"
    email_verified = true
  }
}

# --- REST API ---------------------------------------------------------------
resource "aws_api_gateway_rest_api" "demo" {
  name = "d-api-demo"
  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_resource" "demo" {
  rest_api_id = aws_api_gateway_rest_api.demo.id
  parent_id   = aws_api_gateway_rest_api.demo.root_resource_id
  path_part   = "demo"
}

resource "aws_api_gateway_authorizer" "cognito" {
  name          = "d-authorizer-demo"
  rest_api_id   = aws_api_gateway_rest_api.demo.id
  type          = "COGNITO_USER_POOLS"
  provider_arns = [aws_cognito_user_pool.demo.arn]
}

resource "aws_api_gateway_method" "get" {
  rest_api_id          = aws_api_gateway_rest_api.demo.id
  resource_id          = aws_api_gateway_resource.demo.id
  http_method          = "GET"
  authorization        = "COGNITO_USER_POOLS"
  authorizer_id        = aws_api_gateway_authorizer.cognito.id
  authorization_scopes = ["aws.cognito.signin.user.admin"]
}

resource "aws_api_gateway_integration" "get" {
  rest_api_id             = aws_api_gateway_rest_api.demo.id
  resource_id             = aws_api_gateway_resource.demo.id
  http_method             = aws_api_gateway_method.get.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.demo.invoke_arn
}

resource "aws_lambda_permission" "apigw" {
  statement_id  = "apigw-get-demo"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.demo.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.demo.execution_arn}/*/GET/demo"
}

resource "aws_api_gateway_deployment" "demo" {
  rest_api_id = aws_api_gateway_rest_api.demo.id
  depends_on  = [aws_api_gateway_integration.get]
}

resource "aws_api_gateway_stage" "dev" {
  rest_api_id   = aws_api_gateway_rest_api.demo.id
  deployment_id = aws_api_gateway_deployment.demo.id
  stage_name    = "dev"
}

output "invoke_url" { value = "${aws_api_gateway_stage.dev.invoke_url}/demo" }
